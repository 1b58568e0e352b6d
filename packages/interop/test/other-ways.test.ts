import { generate } from "selfsigned";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type KitexServer, type Protocol, startKitexServer } from "../src/index.ts";
import { createCaller } from "../src/slipstream/caller.ts";
import { type SlipstreamServer, startSlipstreamServer } from "../src/slipstream/server.ts";
import { serverTransports, Transports } from "../src/slipstream/transports.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";
import { type Kind, type Sides, Trial } from "./matrix/cell.ts";
import { echo } from "./matrix/echo.ts";
import { headers } from "./matrix/header.ts";
import { metainfo } from "./matrix/metainfo.ts";
import { startWorld, type World } from "./matrix/world.ts";

// What the matrix has no room for: TLS, and a Kitex that is not in its defaults.

// A Kitex server has no TLS: netpoll, the network library below it, has none.
describeKitex("HTTP/2 with TLS", () => {
  const pair: Sides = { from: "Kitex", to: "Slipstream" };
  const kinds: readonly Kind[] = ["ping-pong", "bidi"];
  const features = [
    ...echo.filter(({ name }) => !name.includes("gzip") && !name.includes("200")),
    ...metainfo,
    ...headers,
  ];
  let world: World;

  beforeAll(async () => {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
      keySize: 2048,
    });
    world = await startWorld({ tls: { key, cert, ALPNProtocols: ["h2"] } });
  }, buildLimitMs);

  afterAll(() => world?.[Symbol.asyncDispose]());

  for (const feature of features) {
    for (const kind of kinds) {
      const cell = feature.cell({ protocol: "grpc", kind, pair });
      if ("why" in cell) continue;
      it(`${feature.name}: ${kind}`, async () => {
        await cell(new Trial(world.pair(pair), "grpc", kind));
      });
    }
  }
});

describeKitex("a Kitex server in its single-hop mode", () => {
  let middle: KitexServer;
  let transports: Transports;
  let end: SlipstreamServer;

  beforeAll(async () => {
    middle = await startKitexServer({ handlers: true });
    await middle.setSingleHop(true);
    transports = new Transports();
    end = await startSlipstreamServer(
      serverTransports(),
      createCaller((call) => transports.for(call)),
    );
  }, buildLimitMs);

  afterAll(async () => {
    await end?.[Symbol.asyncDispose]();
    await transports?.[Symbol.asyncDispose]();
    await middle?.[Symbol.asyncDispose]();
  });

  it.each([
    ["ttheader", "Ping"],
    ["ttheader-streaming", "Chat"],
    ["grpc", "Ping"],
    ["grpc", "Chat"],
  ] satisfies [Protocol, string][])(
    "sends on what persists and keeps what is for one hop: %s, %s",
    async (protocol, method) => {
      const name = `${protocol}-${method}`;
      const next = {
        target: end.target,
        protocol,
        method,
        handlers: true,
        messages: [{ text: `as=${name}` }],
      };
      const outcome = await createCaller((call) => transports.for(call)).call({
        target: middle.target,
        protocol,
        method,
        persistent: { KEEP: "p1" },
        transient: { ONCE: "t1" },
        messages: [{ text: `as=${name};next`, info: { next: JSON.stringify(next) } }],
      });
      expect(outcome.error).toBeNull();
      expect(await middle.observe(name)).toMatchObject({
        persistent: { KEEP: "p1" },
        transient: { ONCE: "t1" },
      });
      const { persistent, transient } = await end.observe(name);
      expect({ persistent, transient }).toEqual({ persistent: { KEEP: "p1" }, transient: {} });
    },
  );
});
