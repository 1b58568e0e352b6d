import { Context, withPersistentValue, withValue } from "@slipstream/metainfo";
import { type Client, createClient } from "@slipstream/rpc";
import { type TtheaderTransport, ttheader } from "@slipstream/transport-ttheader";
import { FrameKind } from "@slipstream/ttheader";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Lab } from "../src/gen/lab.ts";
import {
  type Call,
  type KitexPeer,
  type KitexServer,
  type Outcome,
  startKitexDriver,
  startKitexServer,
} from "../src/index.ts";
import { createCaller } from "../src/slipstream/caller.ts";
import { type SlipstreamServer, startSlipstreamServer } from "../src/slipstream/server.ts";
import { serverTransports, Transports } from "../src/slipstream/transports.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";
import {
  exception,
  headerFrame,
  meta,
  open,
  RawConnection,
  rawServer,
  rst,
  say,
  textOf,
  trailerFrame,
} from "./raw-ttheader.ts";

describeKitex("TTHeader streaming with Kitex v0.14.1, which knows no RST", () => {
  let kitex: KitexServer;
  let driver: KitexPeer;
  let transports: Transports;
  let ours: SlipstreamServer;
  let transport: TtheaderTransport;
  let client: Client<typeof Lab>;

  beforeAll(async () => {
    kitex = await startKitexServer({}, "v0.14.1");
    driver = await startKitexDriver("v0.14.1");
    transports = new Transports();
    const caller = createCaller((call) => transports.for(call));
    ours = await startSlipstreamServer(serverTransports(), caller);
    transport = ttheader({ rst: false });
    client = createClient(Lab, { transport, target: kitex.target });
  }, buildLimitMs);

  afterAll(async () => {
    await transport?.close();
    await ours?.[Symbol.asyncDispose]();
    await transports?.[Symbol.asyncDispose]();
    await driver?.[Symbol.asyncDispose]();
    await kitex?.[Symbol.asyncDispose]();
  });

  it("is the release that it should be", async () => {
    expect((await kitex.versions()).kitex).toBe("v0.14.1");
    expect((await driver.versions()).kitex).toBe("v0.14.1");
  });

  describe("our client", () => {
    it("echoes, with metainfo, header and trailer", async () => {
      const context = withValue(withPersistentValue(Context.background, "k2", "v2"), "Mixed-Case", "ü x");
      const stream = await client.chat({ context });
      await stream.send({ text: "as=old;h=h1:v1;t=t1:v1" });
      expect((await stream.recv())?.text).toBe("echo:as=old;h=h1:v1;t=t1:v1");
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
      expect((await stream.header()).toRecord()).toMatchObject({ h1: "v1" });
      expect((await stream.trailer()).toRecord()).toMatchObject({ t1: "v1" });
      expect(await kitex.observe("old")).toMatchObject({
        persistent: { k2: "v2" },
        transient: { "Mixed-Case": "ü x" },
      });
    });

    it("has an empty header and trailer of a call that ends with a bare TRAILER", async () => {
      const stream = await client.chat();
      await stream.send({ text: "early" });
      expect(await stream.recv()).toBeUndefined();
      expect((await stream.header()).size).toBe(0);
      expect((await stream.trailer()).size).toBe(0);
    });

    it("gets the handler's error and the business status", async () => {
      const failing = await client.chat();
      await failing.send({ text: "err=boom" });
      await expect(failing.recv()).rejects.toMatchObject({
        code: "internal",
        message: expect.stringContaining("boom") as unknown,
      });
      const refusing = await client.chat();
      await refusing.send({ text: "biz=7:no" });
      await expect(refusing.recv()).rejects.toMatchObject({ status: 7, message: "no", extra: { k: "v" } });
    });

    it("cancels one stream without harm to the others of its connection, with rst: false", async () => {
      const sibling = await client.chat();
      await sibling.send({ text: "one" });
      expect((await sibling.recv())?.text).toBe("echo:one");
      const cancelled = await client.chat();
      await cancelled.send({ text: "as=cancelled-old;hi" });
      await cancelled.recv();
      cancelled.cancel();
      await expect(cancelled.recv()).rejects.toMatchObject({ code: "cancelled" });
      expect(await kitex.observe("cancelled-old", "returned")).toMatchObject({ halfClosed: true });
      await sibling.send({ text: "two" });
      expect((await sibling.recv())?.text).toBe("echo:two");
      sibling.cancel();
    });
  });

  describe("a client of it", () => {
    const call = (text: string, more: Partial<Call> = {}): Promise<Outcome> =>
      driver.call({
        target: ours.target,
        protocol: "ttheader-streaming",
        method: "Chat",
        messages: [{ text }],
        ...more,
      });

    it("echoes with our server, with metainfo, header and trailer", async () => {
      const outcome = await call("as=by-old;h=h1:v1;t=t1:v1", {
        persistent: { k2: "v2" },
        transient: { k1: "v1" },
      });
      expect(outcome).toMatchObject({
        error: null,
        ended: true,
        messages: [{ text: "echo:as=by-old;h=h1:v1;t=t1:v1" }],
        header: { h1: "v1" },
        trailer: { t1: "v1" },
      });
      expect(await ours.observe("by-old")).toMatchObject({
        persistent: { k2: "v2" },
        transient: { k1: "v1" },
      });
    });

    it("sees nothing in header and trailer that was not set", async () => {
      expect(await call("hi")).toMatchObject({ error: null, header: {}, trailer: {} });
    });

    it("gets the handler's error and the business status of our server", async () => {
      expect((await call("err=boom")).error?.text).toContain("boom");
      expect((await call("biz=7:no")).error?.biz).toEqual({ code: 7, message: "no", extra: { k: "v" } });
    });
  });

  describe("a client of it, and a server that says every frame", () => {
    async function played(answer: (peer: RawConnection, sid: number) => void): Promise<Outcome> {
      await using raw = await rawServer(async (peer) => {
        for (;;) {
          const frame = await peer.next();
          if (frame.kind === FrameKind.header) answer(peer, frame.sequenceId);
        }
      });
      return await driver.call({
        target: raw.target,
        protocol: "ttheader-streaming",
        method: "Chat",
        connection: "own",
        script: [{ send: { text: "hi" } }, { recv: -1 }],
      });
    }

    it("ignores META on stream 0 and on the id of a stream", async () => {
      const outcome = await played((peer, sid) =>
        peer.write(
          meta({ sid: 0, method: "" }),
          headerFrame({ sid }),
          meta({ sid }),
          say("ok", { sid }),
          trailerFrame({ sid, strings: [] }),
        ),
      );
      expect(outcome).toMatchObject({ error: null, ended: true, messages: [{ text: "ok" }] });
    });

    it("loses its connection to an RST", async () => {
      const outcome = await played((peer, sid) =>
        peer.write(headerFrame({ sid, strings: [] }), rst({ sid, payload: exception(12104, "stop") })),
      );
      expect(outcome.error?.text).toContain("unexpected frame type: 5");
    });

    it("shows the number of an exception in a TRAILER", async () => {
      const payload = exception(12104, "late");
      const outcome = await played((peer, sid) =>
        peer.write(headerFrame({ sid, strings: [] }), trailerFrame({ sid, strings: [], payload })),
      );
      expect(outcome.error).toMatchObject({ typeId: 12104 });
    });

    it("has no map for the section that a TRAILER lacks, and an empty one for an empty section", async () => {
      const without = await played((peer, sid) => peer.write(headerFrame({ sid }), trailerFrame({ sid })));
      expect(without).toMatchObject({ error: null, trailer: null });
      const empty = await played((peer, sid) =>
        peer.write(headerFrame({ sid, strings: [] }), trailerFrame({ sid, strings: [] })),
      );
      expect(empty).toMatchObject({ error: null, header: {}, trailer: {} });
    });
  });

  describe("a server of it", () => {
    it("ignores META on stream 0, with a line in its log, and on the id of a stream", async () => {
      const logged = () => kitex.process.stderr.match(/read a unknown stream/g)?.length ?? 0;
      const before = logged();
      using peer = await RawConnection.connect(kitex.target);
      peer.write(meta({ sid: 0, method: "" }), open(), meta(), say("hi"));
      const [header, data] = await peer.take(2);
      expect(header?.kind).toBe(FrameKind.header);
      expect(data && textOf(data)).toBe("echo:hi");
      await vi.waitFor(() => expect(logged()).toBe(before + 1));
    });

    it("ends every stream of a connection on which an RST comes", async () => {
      using peer = await RawConnection.connect(kitex.target);
      peer.write(open({ sid: 1 }), say("as=bystander", { sid: 1 }), open({ sid: 2 }));
      await kitex.observe("bystander");
      peer.write(rst({ sid: 2, payload: exception(12007, "enough") }));
      const { receiveError } = await kitex.observe("bystander", "returned");
      expect(receiveError?.text).toContain("unexpected frame type: 5");
      await peer.closed;
    });
  });
});
