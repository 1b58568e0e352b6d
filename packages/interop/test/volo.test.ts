import { crc32 } from "node:zlib";
import {
  Context,
  recvAllBackwardValues,
  withBackwardValues,
  withPersistentValue,
  withValue,
} from "@slipstream/metainfo";
import { type Client, createClient } from "@slipstream/rpc";
import { type TtheaderTransport, ttheader } from "@slipstream/transport-ttheader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lab, Refused } from "../src/gen/lab.ts";
import { createCaller } from "../src/slipstream/caller.ts";
import { filler } from "../src/slipstream/messages.ts";
import { type SlipstreamServer, startSlipstreamServer } from "../src/slipstream/server.ts";
import { serverTransports, Transports } from "../src/slipstream/transports.ts";
import { startVolo, type VoloPeer, voloUnavailable } from "../src/volo.ts";

const unavailable = voloUnavailable();
const title = "TTHeader ping-pong with Volo";
const odd = { KEEP: "p1", "Mixed-Case": "ü x" };
const large = 1 << 20;

describe.skipIf(unavailable)(unavailable ? `${title} (skipped: ${unavailable})` : title, () => {
  let volo: VoloPeer;

  beforeAll(async () => {
    volo = await startVolo();
  }, 1_800_000);

  afterAll(() => volo?.[Symbol.asyncDispose]());

  describe.each(["ttheader", "ttheader-framed"] as const)("our client, writing %s", (pingPong) => {
    let transport: TtheaderTransport;
    let client: Client<typeof Lab>;

    beforeAll(() => {
      transport = ttheader({ pingPong });
      client = createClient(Lab, { transport, target: volo.target });
    });

    afterAll(() => transport.close());

    it("echoes, and its metainfo is seen", async () => {
      let context = withValue(Context.background, "ONCE", "t1");
      for (const [key, value] of Object.entries(odd)) context = withPersistentValue(context, key, value);
      const { text, info } = await client.ping({ text: "meta" }, { context });
      expect(text).toBe("echo:meta");
      expect(info).toEqual({ "P:KEEP": "p1", "P:Mixed-Case": "ü x", "T:ONCE": "t1" });
    });

    it("gets backward values", async () => {
      const context = withBackwardValues(Context.background);
      await client.ping({ text: "back=shard:s7" }, { context });
      expect(Object.fromEntries(recvAllBackwardValues(context))).toEqual({ shard: "s7" });
    });

    it("gets the declared exception, the business status and the handler's error", async () => {
      await expect(client.ping({ text: "refuse=7:why" })).rejects.toEqual(
        new Refused({ code: 7, why: "why" }),
      );
      await expect(client.ping({ text: "biz=10001:no" })).rejects.toMatchObject({
        status: 10001,
        message: "no",
      });
      await expect(client.ping({ text: "err=boom" })).rejects.toMatchObject({
        code: "internal",
        message: expect.stringContaining("boom") as unknown,
      });
    });

    it("loses its connection to a handler that panics, and makes another", async () => {
      await expect(client.ping({ text: "panic=oh" })).rejects.toMatchObject({ code: "unavailable" });
      expect((await client.ping({ text: "hi" })).text).toBe("echo:hi");
    });

    it("calls with several arguments, with none, for nothing and oneway", async () => {
      const joined = await client.join({ first: "a", second: { text: "b" }, numbers: [1, -2] });
      expect(joined.text).toBe("a+echo:b+[1 -2]");
      expect((await client.now({})).text).toBe("echo:now");
      await client.touch({ text: "" });
      await client.note({ text: "" });
    });

    it("sends and gets a mebibyte, and 100 calls at once", async () => {
      const { blob } = await client.ping({ text: "", blob: filler(large) });
      expect(crc32(blob ?? "")).toBe(crc32(filler(large)));
      const texts = Array.from({ length: 100 }, (_, i) => `${i}`);
      const replies = await Promise.all(texts.map((text) => client.ping({ text })));
      expect(replies.map(({ text }) => text)).toEqual(texts.map((text) => `echo:${text}`));
    });
  });

  describe("our server", () => {
    let transports: Transports;
    let ours: SlipstreamServer;

    beforeAll(async () => {
      transports = new Transports();
      const caller = createCaller((call) => transports.for(call));
      ours = await startSlipstreamServer(serverTransports(), caller);
    });

    afterAll(async () => {
      await ours[Symbol.asyncDispose]();
      await transports[Symbol.asyncDispose]();
    });

    it("echoes, and sees Volo's metainfo and its name", async () => {
      const call = { target: ours.target, text: "as=volo;hi", persistent: odd, transient: { ONCE: "t1" } };
      expect(await volo.call(call)).toMatchObject({ error: null, text: "echo:as=volo;hi" });
      expect(await ours.observe("volo")).toMatchObject({
        persistent: odd,
        transient: { ONCE: "t1" },
        caller: "volo.client",
      });
    });

    // Kitex, and ours, write them under their own names; Volo looks for the prefix RPC_BACKWARD_. Ours reads both.
    it("answers with backward values as Kitex does, which Volo does not see", async () => {
      const { error, backward } = await volo.call({ target: ours.target, text: "back=shard:s7" });
      expect({ error, backward }).toEqual({ error: null, backward: {} });
    });

    it("answers with the declared exception, the business status and the handler's error", async () => {
      expect(await volo.call({ target: ours.target, text: "refuse=7:why" })).toMatchObject({ refused: 7 });
      expect(await volo.call({ target: ours.target, text: "biz=10001:no" })).toMatchObject({
        bizStatus: 10001,
      });
      const { error } = await volo.call({ target: ours.target, text: "err=boom" });
      expect(error).toContain("boom");
    });

    it("takes and answers a mebibyte", async () => {
      const outcome = await volo.call({ target: ours.target, text: "", blobBytes: large });
      expect(outcome).toMatchObject({ error: null, blobBytes: large });
    });
  });
});
