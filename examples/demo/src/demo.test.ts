import { memory } from "@slipstream/transport-memory";
import { expect, it } from "vitest";
import { runChain } from "./chain.ts";
import { report } from "./report.ts";

it("shows the persistent value at every hop, the transient one at exactly one, header, trailer and deadline [D3][D4]", async () => {
  const runs = await runChain(
    ["gateway", "orders", "stock"].map((service) => {
      const transport = memory({ name: service });
      return { service, server: transport, client: transport };
    }),
  );
  expect(runs.map(({ method }) => method)).toEqual(["EchoPingPong", "EchoClient", "EchoServer", "Echo"]);
  for (const { hops, back } of runs) {
    expect(hops.map(({ hop }) => hop)).toEqual(["gateway", "orders", "stock"]);
    expect(hops.map(({ user }) => user)).toEqual(["ann", "ann", "ann"]);
    expect(hops.map(({ ticket }) => ticket)).toEqual(["T-42", undefined, undefined]);
    expect(hops.map(({ back: { route } }) => route)).toEqual(["orders > stock", "stock", undefined]);
    expect(back).toEqual({ route: "gateway > orders > stock", ended: "3" });
  }
  expect(runs.map(({ answer }) => answer)).toEqual([
    ["hello from stock"],
    ["three short words, from stock"],
    ["one from stock", "two from stock", "three from stock"],
    ["three from stock", "short from stock", "words from stock"],
  ]);
  const { text, isAsPromised } = report(runs);
  expect(isAsPromised).toBe(true);
  expect(text).not.toContain("NO ");
});
