import { createServer, type Server } from "node:net";
import {
  type CallStart,
  type ClientByteStream,
  neverEnded,
  noFields,
  parseAddress,
  RpcError,
  type RunningTransport,
  type ServerByteStream,
} from "@slipstream/stream";
import { type TtheaderTransport, ttheader } from "@slipstream/transport-ttheader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type KitexPeer,
  type KitexServer,
  kitexUnavailable,
  startKitexDriver,
  startKitexServer,
} from "../src/index.ts";

/** A `lab.Msg` with nothing but a text. */
function encodeText(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([Buffer.from([11, 0, 1]), length, bytes, Buffer.from([0])]);
}

function decodeText(message: Uint8Array | undefined): string | undefined {
  if (message === undefined) return undefined;
  const bytes = Buffer.from(message);
  return bytes.toString("utf8", 7, 7 + bytes.readInt32BE(3));
}

const unavailable = kitexUnavailable();

describe.skipIf(unavailable)(
  `TTHeader streaming with a live Kitex${unavailable ? ` (skipped: ${unavailable})` : ""}`,
  () => {
    let kitex: KitexServer;
    let driver: KitexPeer;
    let transport: TtheaderTransport;
    let running: RunningTransport;
    let listener: Server;
    let target: string;
    /** Serves the streams that come to us. */
    let serve: (stream: ServerByteStream) => Promise<void>;

    beforeAll(async () => {
      kitex = await startKitexServer();
      driver = await startKitexDriver();
      transport = ttheader();
      running = await transport.serve({
        stream: (stream) => void serve(stream),
        call: (call) => call.reply(undefined),
      });
      listener = createServer((socket) => transport.accept(socket));
      await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
      target = `127.0.0.1:${(listener.address() as { port: number }).port}`;
    }, 600_000);

    afterAll(async () => {
      await transport?.close();
      await running?.close();
      listener?.close();
      await driver?.[Symbol.asyncDispose]();
      await kitex?.[Symbol.asyncDispose]();
    });

    const start = (init: Partial<CallStart> = {}): CallStart => ({
      service: "Lab",
      method: "Chat",
      contentSubtype: "thrift",
      persistent: new Map(),
      transient: new Map(),
      metadata: noFields,
      ended: neverEnded,
      address: parseAddress(kitex.target),
      ...init,
    });

    it("our client echoes with a Kitex server, with metainfo, header and trailer [A1][A2][A8][A9]", async () => {
      const stream = await transport.open(
        start({
          persistent: new Map([["k2", "v2"]]),
          transient: new Map([["Mixed-Case", "ü x"]]),
          caller: "ours",
        }),
        {},
      );
      await stream.send(encodeText("as=ours;sh=h1:v1;t=t1:v1"));
      expect(await stream.header()).toEqual([["h1", "v1"]]);
      expect(decodeText(await stream.recv())).toBe("echo:as=ours;sh=h1:v1;t=t1:v1");
      await stream.send(encodeText("second"));
      expect(decodeText(await stream.recv())).toBe("echo:second");
      stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
      expect(await stream.trailer()).toEqual([["t1", "v1"]]);
      const record = await kitex.observe("ours", "returned");
      expect(record).toMatchObject({
        persistent: { k2: "v2" },
        transient: { "Mixed-Case": "ü x" },
        halfClosed: true,
      });
    });

    it("a Kitex client echoes with our server, and sees exactly the header and trailer that were set [A3][A6]", async () => {
      let seen: CallStart | undefined;
      serve = async (stream) => {
        seen = stream.start as unknown as CallStart;
        stream.sendHeader([["h1", "v1"]]);
        for (;;) {
          const message = await stream.recv();
          if (message === undefined) break;
          await stream.send(encodeText(`ours:${decodeText(message)}`));
        }
        stream.end({ trailer: [["t1", "v1"]] });
      };
      const outcome = await driver.call({
        target,
        protocol: "ttheader-streaming",
        method: "Chat",
        persistent: { k2: "v2" },
        transient: { "Mixed-Case": "ü x" },
        messages: [{ text: "first" }, { text: "second" }],
      });
      expect(outcome.error).toBeNull();
      expect(outcome.messages).toMatchObject([{ text: "ours:first" }, { text: "ours:second" }]);
      expect(outcome.header).toEqual({ h1: "v1" });
      expect(outcome.trailer).toEqual({ t1: "v1" });
      expect(outcome.ended).toBe(true);
      expect(seen).toMatchObject({
        service: "Lab",
        method: "Chat",
        persistent: new Map([["k2", "v2"]]),
        transient: new Map([["Mixed-Case", "ü x"]]),
      });
    });

    it("a stream that nobody reads is ended after its time, and 99 others on the connection get all of theirs", async () => {
      await using client = ttheader({ maxUnreadBytes: 64 * 1024, stalledStreamTimeoutMs: 100 });
      const feed = async (): Promise<ClientByteStream> => {
        const stream = await client.open(start({ method: "Feed" }), {});
        await stream.send(encodeText("n=2000"));
        stream.closeSend();
        return stream;
      };
      const stalled = await feed();
      const others = await Promise.all(Array.from({ length: 99 }, feed));
      const counts = await Promise.all(others.map(count));
      expect(new Set(counts)).toEqual(new Set([2000]));
      await expect(count(stalled)).rejects.toMatchObject({
        code: "resource_exhausted",
        message: expect.stringContaining("stalledStreamTimeoutMs (100)") as string,
      });
    }, 60_000);

    it("an unknown method and service are answered at once, as Kitex's client reports", async () => {
      serve = async (stream) => {
        const { service, method } = stream.start;
        const message = `unknown method ${method} (service ${service})`;
        const error = new RpcError("unimplemented", message, { origin: { thriftType: 1 } });
        stream.end({ error, trailer: noFields });
      };
      const outcome = await driver.call({
        target,
        protocol: "ttheader-streaming",
        method: "MissingStream",
        script: [{ recv: -1 }],
      });
      expect(outcome.error).toMatchObject({ typeId: 12001 });
      expect(outcome.error?.text).toContain("unknown method MissingStream (service Lab)");
    });

    // Drains the server for good, so it is the last.
    it("a Kitex client goes on with its open stream while our server shuts down, and sees its regular end", async () => {
      let stream: ServerByteStream | undefined;
      serve = async (opened) => {
        stream = opened;
        const first = decodeText(await opened.recv());
        running.drain();
        await opened.send(encodeText(`drained:${first}`));
        while ((await opened.recv()) !== undefined);
        opened.end({ trailer: [["t1", "v1"]] });
      };
      const outcome = await driver.call({
        target,
        protocol: "ttheader-streaming",
        connection: "own",
        method: "Chat",
        script: [{ send: { text: "a" } }, { recv: 1 }, { closeSend: true }, { recv: -1 }, { trailer: true }],
      });
      expect(stream).toBeDefined();
      expect(outcome).toMatchObject({ error: null, ended: true, trailer: { t1: "v1" } });
      expect(outcome.messages).toMatchObject([{ text: "drained:a" }]);
    });
  },
);

async function count(stream: ClientByteStream): Promise<number> {
  for (let n = 0; ; n++) if ((await stream.recv()) === undefined) return n;
}
