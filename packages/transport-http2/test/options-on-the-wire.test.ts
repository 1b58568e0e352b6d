import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { createClient } from "@slipstream/rpc";
import { createServer } from "@slipstream/rpc/server";
import type { SocketTransport } from "@slipstream/stream/node";
import { describe, expect, it } from "vitest";
import { type Http2Options, http2 } from "../src/index.ts";
import { echoHandlers } from "./echo-handlers.ts";
import { engines, turn, until } from "./engines.ts";
import { Echo } from "./gen/echo.ts";
import { framed } from "./raw-client.ts";
import {
  block,
  Flag,
  type Frame,
  FrameType,
  frame,
  type RawEnd,
  rawClientEnd,
  rawServer,
  requestFields,
  settingsOf,
} from "./raw-frames.ts";

const initialWindowSize = 4;
const maxConcurrentStreams = 3;
const maxHeaderListSize = 6;
const defaultWindow = 65_535;

function echo(options: Http2Options, others: readonly SocketTransport[] = []) {
  return createServer({ transports: [http2(options), ...others] }).add(Echo, echoHandlers);
}

async function toldBy(
  end: RawEnd,
): Promise<{ settings: ReadonlyMap<number, number>; connectionWindow: number }> {
  await until(() => end.of(FrameType.settings).length > 0 && end.of(FrameType.windowUpdate, 0).length > 0);
  return {
    settings: settingsOf(end.of(FrameType.settings)[0] as Frame),
    connectionWindow: defaultWindow + (end.of(FrameType.windowUpdate, 0)[0] as Frame).payload.readUInt32BE(0),
  };
}

describe.each(engines)("over %s", (name, engine) => {
  it("streamWindowBytes, connectionWindowBytes, maxHeaderListBytes and maxConcurrentStreams are what the peer is told", async () => {
    const options = {
      session: engine(),
      streamWindowBytes: 100_000,
      connectionWindowBytes: 300_000,
      maxHeaderListBytes: 10_000,
      maxConcurrentStreams: 7,
    };
    await using raw = await rawServer(() => {});
    await using transport = http2(options);
    const stream = await createClient(Echo, { transport, target: raw.target }).chat();
    const byClient = await toldBy(raw.ends[0] as RawEnd);
    const server = echo({ ...options, session: engine() });
    const end = await rawClientEnd((await server.listen({ host: "127.0.0.1" })).target);
    const byServer = await toldBy(end);
    for (const { settings, connectionWindow } of [byClient, byServer]) {
      expect(settings.get(initialWindowSize)).toBe(100_000);
      expect(settings.get(maxHeaderListSize)).toBe(10_000);
      expect(connectionWindow).toBe(300_000);
    }
    expect(byServer.settings.get(maxConcurrentStreams)).toBe(7);
    stream.cancel();
    end.socket.destroy();
    await server.close({ graceMs: 0 });
  });

  if (name === "h2") {
    // nghttp2 ends the connection of a peer that knows of the limit.
    it("a stream over the server's maxConcurrentStreams is refused, and the others go on", async () => {
      const server = echo({ session: engine(), maxConcurrentStreams: 2 });
      const end = await rawClientEnd((await server.listen({ host: "127.0.0.1" })).target);
      await until(() => end.of(FrameType.settings).some(({ flags }) => flags === Flag.ack));
      const chat = block({
        ":method": "POST",
        ":scheme": "http",
        ":path": "/Echo/Chat",
        "content-type": "application/grpc+thrift",
      });
      for (const id of [1, 3, 5]) end.send(frame(FrameType.headers, Flag.endHeaders, id, chat));
      await until(() => end.resetCode(5) !== undefined);
      expect(end.resetCode(5)).toBe(7);
      const one = frame(FrameType.data, 0, 1, framed(Echo.methods.chat.request.encode({ text: "on" })));
      end.send(one);
      await until(() => end.of(FrameType.data, 1).length === 1);
      end.socket.destroy();
      await server.close({ graceMs: 0 });
    });
  }

  it("several connections per address share the streams evenly, and the first call does not wait for all", async () => {
    await using raw = await rawServer((end) => {
      end.onFrame = ({ type, streamId }) => {
        if (type !== FrameType.headers) return;
        const head = block({ ":status": "200", "content-type": "application/grpc+thrift" });
        end.send(frame(FrameType.headers, Flag.endHeaders, streamId, head));
      };
    });
    await using transport = http2({ session: engine(), connectionsPerAddress: 4 });
    const client = createClient(Echo, { transport, target: raw.target });
    const streams = [await client.chat()];
    while (raw.ends.length < 4) {
      streams.push(await client.chat());
      await turn();
    }
    const counts = (): number[] => raw.ends.map((end) => end.of(FrameType.headers).length);
    await until(() => counts().reduce((sum, count) => sum + count, 0) === streams.length);
    const before = counts();
    for (let n = 0; n < 40; n++) streams.push(await client.chat());
    await until(() => counts().reduce((sum, count) => sum + count, 0) === streams.length);
    expect(counts().map((count, at) => count - (before[at] ?? 0))).toEqual([10, 10, 10, 10]);
    expect(raw.ends).toHaveLength(4);
    for (const stream of streams) stream.cancel();
  });

  it("HTTP/2 in clear text shares a port with other protocols, however its preface is cut", async () => {
    const lines: string[] = [];
    const sockets: Socket[] = [];
    const lineProtocol: SocketTransport = {
      name: "lines",
      alpn: [],
      detectOrder: 20,
      detect: (head) => (head[0] === 0x23 ? "yes" : "no"),
      accept(socket) {
        sockets.push(socket);
        socket.on("data", (chunk) => lines.push(String(chunk)));
      },
      serve: async () => ({
        addresses: [],
        drain() {},
        async close() {
          for (const socket of sockets) socket.destroy();
        },
      }),
    };
    const server = echo({ session: engine() }, [lineProtocol]);
    const { target, port } = await server.listen({ host: "127.0.0.1" });
    await using transport = http2({ session: engine() });
    const client = createClient(Echo, { transport, target });
    const other = connectSocket(port, "127.0.0.1");
    other.write("# hello");
    const slow = connectSocket(port, "127.0.0.1");
    await Promise.all([once(other, "connect"), once(slow, "connect")]);
    slow.setNoDelay(true);
    let answer = Buffer.alloc(0);
    slow.on("data", (chunk: Buffer) => (answer = Buffer.concat([answer, chunk])));
    for (const byte of Buffer.concat([
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      frame(FrameType.settings, 0, 0),
    ])) {
      slow.write(Buffer.of(byte));
      await turn();
    }
    await until(() => answer.length >= 9 && lines.length > 0);
    expect(answer[3]).toBe(FrameType.settings);
    expect(lines).toEqual(["# hello"]);
    expect((await client.say({ text: "hi" })).text).toBe("hi");
    other.destroy();
    slow.destroy();
    await server.close({ graceMs: 0 });
  });

  it("a message larger than the window comes through, also behind one that is taken only when the window is full", async () => {
    let taken = 0;
    let read!: () => void;
    const isWanted = new Promise<void>((resolve) => (read = resolve));
    const server = createServer({
      transports: [http2({ session: engine(), streamWindowBytes: defaultWindow })],
    });
    server.add(Echo, {
      say: async (line) => line,
      async *tell() {},
      async *chat() {},
      async collect(stream) {
        await isWanted;
        for await (const _ of stream) taken++;
        return {};
      },
    });
    const end = await rawClientEnd((await server.listen({ host: "127.0.0.1" })).target);
    end.send(frame(FrameType.headers, Flag.endHeaders, 1, block(requestFields("/Echo/Collect"))));
    const { request } = Echo.methods.collect;
    const small = framed(request.encode({ text: "small" }));
    const large = framed(request.encode({ text: "x".repeat(200_000) }));
    const beginning = Buffer.concat([small, large]).subarray(0, defaultWindow);
    for (let at = 0; at < beginning.length; at += 16_384) {
      end.send(frame(FrameType.data, 0, 1, beginning.subarray(at, at + 16_384)));
    }
    end.send(frame(FrameType.ping, 0, 0, Buffer.alloc(8)));
    await until(() => end.of(FrameType.ping).some(({ flags }) => flags === Flag.ack));
    read();
    await until(() => taken === 1 && end.of(FrameType.windowUpdate, 1).length > 0);
    expect(end.of(FrameType.windowUpdate, 1)[0]?.payload.readUInt32BE(0)).toBeGreaterThan(defaultWindow / 2);
    end.socket.destroy();
    await server.close({ graceMs: 0 });
  });

  const messageBytes = 2_048;

  /** Sends `total` bytes of messages as fast as a client's windows allow, over a path that takes `delayMs` each way. */
  async function download(options: Http2Options, total: number) {
    const pings: Buffer[] = [];
    let streamRoom = 0;
    let largestWindow = 0;
    await using raw = await rawServer((end) => {
      let sent = 0;
      let connectionRoom = defaultWindow;
      const one = Buffer.alloc(messageBytes);
      one.writeUInt32BE(one.length - 5, 1);
      Echo.methods.chat.response
        .encode({ text: "x".repeat(messageBytes - 13) })
        .forEach((byte, at) => (one[at + 5] = byte));
      const pump = (): void => {
        while (sent < total && Math.min(streamRoom, connectionRoom) >= one.length) {
          end.send(frame(FrameType.data, 0, 1, one));
          sent += one.length;
          streamRoom -= one.length;
          connectionRoom -= one.length;
        }
        if (sent >= total)
          end.send(
            frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, block({ "grpc-status": "0" })),
          );
      };
      const handle = (read: Frame): void => {
        const { type, flags, streamId, payload } = read;
        if (type === FrameType.settings && flags === 0)
          streamRoom += settingsOf(read).get(initialWindowSize) ?? defaultWindow;
        if (type === FrameType.ping && flags === 0) {
          pings.push(payload);
          end.send(frame(FrameType.ping, Flag.ack, 0, payload));
        }
        if (type === FrameType.windowUpdate) {
          if (streamId === 0) connectionRoom += payload.readUInt32BE(0);
          else streamRoom += payload.readUInt32BE(0);
        }
        largestWindow = Math.max(largestWindow, streamRoom);
        if (type === FrameType.headers) {
          end.send(
            frame(
              FrameType.headers,
              Flag.endHeaders,
              1,
              block({ ":status": "200", "content-type": "application/grpc" }),
            ),
          );
          pump();
        } else if (type === FrameType.windowUpdate && sent > 0 && sent < total) pump();
      };
      // What a long path does: everything arrives later.
      end.onFrame = (read) => void setTimeout(() => handle(read), 5);
    });
    await using transport = http2({ session: engine(), ...options });
    const stream = await createClient(Echo, { transport, target: raw.target }).chat();
    let count = 0;
    for await (const _ of stream) count++;
    return { count, pings: pings.length, largestWindow };
  }

  const total = 6 * 1024 * 1024;

  if (name === "h2") {
    it("windows grow towards maxWindowBytes when PINGs measure that they hold the sender up (BDP)", async () => {
      const seen = await download({ streamWindowBytes: 65_535, maxWindowBytes: 1024 * 1024 }, total);
      expect(seen.count).toBe(total / messageBytes);
      expect(seen.pings).toBeGreaterThan(0);
      expect(seen.largestWindow).toBeGreaterThan(2 * 65_535);
      expect(seen.largestWindow).toBeLessThanOrEqual(1024 * 1024);
    });
  }

  it("windows stay as they are when maxWindowBytes is no more than streamWindowBytes, and nothing is measured", async () => {
    const seen = await download({ streamWindowBytes: 131_072, maxWindowBytes: 131_072 }, total / 4);
    expect(seen.count).toBe(total / 4 / messageBytes);
    expect(seen).toMatchObject({ pings: 0, largestWindow: 131_072 });
  });
});
