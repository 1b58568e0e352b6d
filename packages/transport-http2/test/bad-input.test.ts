import { gzipSync } from "node:zlib";
import { createClient } from "@slipstream/rpc";
import { createServer } from "@slipstream/rpc/server";
import type { TransportEvent } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { type Http2Options, http2 } from "../src/index.ts";
import { engines, failureOf, until } from "./engines.ts";
import { Echo } from "./gen/echo.ts";
import { framed } from "./raw-client.ts";
import {
  block,
  Flag,
  FrameType,
  frame,
  type RawEnd,
  rawClientEnd,
  rawServer,
  requestFields,
  uint32,
} from "./raw-frames.ts";

const protocolError = 1;
const enhanceYourCalm = 11;

const request = block(requestFields("/echo.Echo/Collect"));
const headers = (id: number, fields: Buffer = request, flags: number = Flag.endHeaders): Buffer =>
  frame(FrameType.headers, flags, id, fields);
const reset = (id: number): Buffer => frame(FrameType.rstStream, 0, id, uint32(8));
const responseHead = block({ ":status": "200", "content-type": "application/grpc+thrift" });
const trailers = block({ "grpc-status": "0", "grpc-message": "" });
const reply = framed(Echo.methods.say.response.encode({ text: "hi" }));

describe.each(engines)("a server over %s", (name, engine) => {
  /** A server, a client of ours with a stream that is open all the time, and a hostile connection. */
  async function start(options: Http2Options = {}) {
    const events: TransportEvent[] = [];
    const transport = http2({ session: engine(), ...options, onEvent: (event) => events.push(event) });
    const server = createServer({ transports: [transport] });
    server.add(Echo, {
      say: async (line) => line,
      async collect(stream) {
        for await (const _ of stream);
        return {};
      },
      async *tell() {},
      async *chat(stream) {
        for await (const line of stream) yield line;
      },
    });
    const { target } = await server.listen({ host: "127.0.0.1" });
    const ours = http2({ session: engine() });
    const bystander = await createClient(Echo, { transport: ours, target }).chat();
    const raw = await rawClientEnd(target);
    return {
      server,
      events,
      raw,
      /** The hostile connection was told that it is over, and its calls end with it. */
      async expectEnded() {
        await until(() => raw.goaway !== undefined || raw.isClosed);
        expect(raw.goaway?.[0] ?? protocolError).toBeGreaterThan(0);
        // node:http2 reads nothing more of it, and lets go of it by keepalive when the peer does not close it.
        if (name === "h2") await until(() => raw.isClosed && server.activeCalls === 1);
      },
      /** The stream of another connection goes on. */
      async expectUnharmed() {
        await bystander.send({ text: "still here" });
        expect((await bystander.recv())?.text).toBe("still here");
      },
      async [Symbol.asyncDispose]() {
        raw.socket.destroy();
        await ours.close();
        await server.close({ graceMs: 0 });
      },
    };
  }

  it("ends a connection that resets its streams in a loop (rapid reset), and serves the others", async () => {
    await using world = await start();
    const { raw } = world;
    const pairs = await raw.flood((n) => Buffer.concat([headers(2 * n + 1), reset(2 * n + 1)]), 50_000);
    expect(pairs).toBeLessThan(20_000);
    await world.expectEnded();
    await world.expectUnharmed();
    if (name === "h2") {
      expect(world.events.find(({ type }) => type === "limit_hit")).toMatchObject({
        error: { code: "resource_exhausted", message: expect.stringContaining("resetRate") },
      });
    }
  });

  it("ends a connection that sends CONTINUATION frames without end, keeping little of them", async () => {
    await using world = await start();
    const { raw } = world;
    raw.send(headers(1, request, 0));
    const field = block({ "x-more": "v".repeat(1_000) });
    const frames = await raw.flood(() => frame(FrameType.continuation, 0, 1, field), 100_000);
    expect(frames).toBeLessThan(10_000);
    await world.expectEnded();
    await world.expectUnharmed();
  });

  it("ends a connection whose empty CONTINUATION frames never end", async () => {
    await using world = await start();
    const { raw } = world;
    raw.send(headers(1, request, 0));
    const frames = await raw.flood(() => frame(FrameType.continuation, 0, 1), 100_000);
    expect(frames).toBeLessThan(10_000);
    await world.expectEnded();
    await world.expectUnharmed();
  });

  it("fails a request whose header section is over maxHeaderListBytes; the rest of its connection goes on", async () => {
    await using world = await start({ maxHeaderListBytes: 8_192 });
    const { raw } = world;
    const chat = block(requestFields("/echo.Echo/Chat"));
    const message = frame(FrameType.data, 0, 1, framed(Echo.methods.chat.request.encode({ text: "a" })));
    raw.send(headers(1, chat), message);
    await until(() => raw.of(FrameType.data, 1).length === 1);
    raw.send(headers(3, Buffer.concat([chat, block({ big: "v".repeat(12_000) })])));
    await until(() => raw.resetCode(3) !== undefined);
    expect(raw.resetCode(3)).toBe(enhanceYourCalm);
    raw.send(message);
    await until(() => raw.of(FrameType.data, 1).length === 2);
    expect(world.server.activeCalls).toBe(2);
    expect(raw.goaway).toBeUndefined();
    await world.expectUnharmed();
  });

  it.each([
    [
      "a frame longer than it allows",
      (raw: RawEnd) => raw.send(frame(FrameType.data, 0, 1, Buffer.alloc(0x20001))),
    ],
    [
      "a block that is no HPACK",
      (raw: RawEnd) => raw.send(headers(1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))),
    ],
    ["DATA on no stream", (raw: RawEnd) => raw.send(frame(FrameType.data, 0, 0, Buffer.alloc(8)))],
    [
      "text of another protocol",
      (raw: RawEnd) => raw.send(Buffer.from("GET / HTTP/1.1\r\nhost: there\r\n\r\n")),
    ],
  ])("ends a connection that sends %s, with a GOAWAY that has a code", async (_, send) => {
    await using world = await start();
    const { raw } = world;
    raw.send(headers(1));
    await until(() => world.server.activeCalls === 2);
    send(raw);
    await world.expectEnded();
    await world.expectUnharmed();
  });

  it("resets a request with a name in upper case, and nothing else", async () => {
    await using world = await start();
    const { raw } = world;
    raw.send(headers(1, Buffer.concat([request, block({ HELLO: "v" })])));
    raw.send(headers(3, block(requestFields("/echo.Echo/Nope"))));
    await until(() => raw.resetCode(1) !== undefined && raw.of(FrameType.headers, 3).length === 1);
    expect(raw.resetCode(1)).toBe(protocolError);
    expect(world.server.activeCalls).toBe(1);
    await world.expectUnharmed();
  });
});

describe.each(engines)("a client over %s", (name, engine) => {
  /** A server that answers as `serve` says: what comes after HEADERS of the n-th stream of a connection. */
  async function start(serve: (end: RawEnd, id: number) => void, options: Http2Options = {}) {
    const server = await rawServer((end) => {
      end.onFrame = ({ type, streamId }) => {
        if (type === FrameType.headers) serve(end, streamId);
      };
    });
    const transport = http2({ session: engine(), acceptsGzip: true, ...options });
    return {
      server,
      client: createClient(Echo, { transport, target: server.target }),
      async [Symbol.asyncDispose]() {
        await transport.close();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  const answer = (id: number, data: Buffer = reply, head: Buffer = responseHead): Buffer =>
    Buffer.concat([
      headers(id, head),
      frame(FrameType.data, 0, id, data),
      headers(id, trailers, Flag.endHeaders | Flag.endStream),
    ]);

  const gzipHead = block({
    ":status": "200",
    "content-type": "application/grpc+thrift",
    "grpc-encoding": "gzip",
  });

  it.each([
    ["a flag that gRPC does not know", (id: number) => answer(id, framed(Buffer.of(0), 7)), "internal"],
    ["a message that is cut", (id: number) => answer(id, reply.subarray(0, 7)), "internal"],
    ["a message that is no struct", (id: number) => answer(id, framed(Buffer.of(200, 1, 2))), "internal"],
    [
      "a length over the limit",
      (id: number) => answer(id, Buffer.of(0, 255, 255, 255, 255, 1)),
      "resource_exhausted",
    ],
    ["a mark of compression without one", (id: number) => answer(id, framed(Buffer.of(0), 1)), "internal"],
    [
      "a gzip message that is none",
      (id: number) => answer(id, framed(Buffer.from("none"), 1), gzipHead),
      "internal",
    ],
    [
      "a gzip bomb",
      (id: number) => answer(id, framed(gzipSync(Buffer.alloc(5_000_000)), 1), gzipHead),
      "resource_exhausted",
    ],
    [
      "an unknown compression",
      (id: number) =>
        answer(
          id,
          framed(Buffer.of(0), 1),
          block({ ":status": "200", "content-type": "application/grpc", "grpc-encoding": "br" }),
        ),
      "unimplemented",
    ],
    [
      "another content type",
      (id: number) => answer(id, reply, block({ ":status": "200", "content-type": "text/html" })),
      "unknown",
    ],
    [
      "a side entry that is none",
      (id: number) => answer(id, reply, Buffer.concat([responseHead, block({ "slipstream-meta-bin": "!" })])),
      "internal",
    ],
    [
      "a field name in upper case",
      (id: number) => answer(id, reply, Buffer.concat([responseHead, block({ HELLO: "v" })])),
      "internal",
    ],
    [
      "no answer but an end",
      (id: number) => headers(id, responseHead, Flag.endHeaders | Flag.endStream),
      "unknown",
    ],
  ] as const)(
    "fails a call that is answered with %s, and the next on the same connection succeeds",
    async (_, bad, code) => {
      let calls = 0;
      await using world = await start((end, id) => end.send(calls++ === 0 ? bad(id) : answer(id)), {
        maxMessageBytes: 1_000_000,
      });
      expect((await failureOf(world.client.say({ text: "" }))).code).toBe(code);
      expect((await world.client.say({ text: "" })).text).toBe("hi");
      expect(world.server.ends).toHaveLength(1);
    },
  );

  it("fails a call whose answer has a header section over maxHeaderListBytes; others of the connection go on", async () => {
    const big = block({ big: "v".repeat(12_000) });
    let first: number | undefined;
    await using world = await start(
      (end, id) => {
        if (first === undefined) {
          first = id;
          end.send(headers(id, responseHead));
        } else {
          end.send(headers(id, Buffer.concat([responseHead, big])));
        }
      },
      { maxHeaderListBytes: 8_192 },
    );
    const stream = await world.client.chat();
    await stream.header();
    const error = await failureOf(world.client.say({ text: "" }));
    expect(error.code).toBe("resource_exhausted");
    world.server.ends[0]?.send(
      frame(FrameType.data, 0, first ?? 0, framed(Echo.methods.chat.response.encode({ text: "on" }))),
    );
    expect((await stream.recv())?.text).toBe("on");
    expect(world.server.ends).toHaveLength(1);
  });

  // What else a server may flood with is h2's to limit: Node only counts answers that the peer does not read.
  const floods: readonly (readonly [string, (id: number) => readonly [first: Buffer, more: Buffer]])[] = [
    [
      "CONTINUATION",
      (id) => [
        headers(id, responseHead, 0),
        frame(FrameType.continuation, 0, id, block({ x: "v".repeat(1_000) })),
      ],
    ],
    ["PING", () => [Buffer.alloc(0), frame(FrameType.ping, 0, 0, Buffer.alloc(8))]],
    ["SETTINGS", () => [Buffer.alloc(0), frame(FrameType.settings, 0, 0, Buffer.of(0, 4, 0, 1, 0, 0))]],
  ];

  it.each(name === "h2" ? floods : floods.slice(0, 1))(
    "leaves a server that sends %s frames without end, and makes the next call on another connection",
    async (_, flood) => {
      let calls = 0;
      await using world = await start((end, id) => {
        if (calls++ > 0) {
          end.send(answer(id));
          return;
        }
        const [first, more] = flood(id);
        end.send(first);
        void end.flood(() => more, 200_000);
      });
      expect((await failureOf(world.client.say({ text: "" }))).code).toBe("unavailable");
      expect((await world.client.say({ text: "" })).text).toBe("hi");
      expect(world.server.ends).toHaveLength(2);
    },
  );
});
