import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { createClient } from "@slipstream/rpc";
import { createServer as createRpcServer } from "@slipstream/rpc/server";
import type { RpcError, TransportEvent } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { type Http2Options, http2 } from "../src/index.ts";
import { echoHandlers } from "./echo-handlers.ts";
import { engines, failureOf, turn, until } from "./engines.ts";
import { Echo } from "./gen/echo.ts";
import {
  block,
  Flag,
  FrameType,
  frame,
  type RawEnd,
  rawClientEnd,
  rawServer,
  requestFields,
} from "./raw-frames.ts";

// A session's own settings go before the transport's options, which allow no interval that a Kitex server takes for abuse.
const intervalMs = 60;
// The time-out is long enough for a busy machine not to miss an answer.
const quick = { keepaliveIntervalMs: intervalMs, keepaliveTimeoutMs: 500 };

/** PINGs that are no answers, with the time at which each came; every one is answered. */
function pingsOf(end: RawEnd): number[] {
  const times: number[] = [];
  end.onFrame = ({ type, flags, payload }) => {
    if (type !== FrameType.ping || flags !== 0) return;
    times.push(performance.now());
    end.send(frame(FrameType.ping, Flag.ack, 0, payload));
  };
  return times;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A way to a server that can swallow everything from some moment on, as a network does whose cable is cut. */
async function startWay(target: string) {
  const [host = "", port = ""] = target.split(":");
  const pairs: Socket[] = [];
  let isCut = false;
  const way = createServer((near) => {
    const far = connect(Number(port), host);
    pairs.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => {});
      from.on("data", (chunk: Buffer) => void (isCut || to.write(chunk)));
      from.on("close", () => void (isCut || to.destroy()));
    }
  });
  way.listen(0, "127.0.0.1");
  await once(way, "listening");
  const { port: own } = way.address() as { port: number };
  return {
    target: `127.0.0.1:${own}`,
    cut: (is: boolean) => (isCut = is),
    get connections() {
      return pairs.length / 2;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of pairs) socket.destroy();
      way.close();
      await once(way, "close");
    },
  };
}

async function startEcho(options: Http2Options) {
  const events: TransportEvent[] = [];
  let reason: RpcError | undefined;
  const server = createRpcServer({
    transports: [http2({ onEvent: (event) => events.push(event), ...options })],
  });
  server.add(Echo, {
    ...echoHandlers,
    async collect(stream) {
      stream.signal.addEventListener("abort", () => (reason = stream.signal.reason as RpcError));
      for await (const _ of stream);
      return {};
    },
  });
  const { target } = await server.listen({ host: "127.0.0.1" });
  return { server, target, events, reason: () => reason };
}

describe.each(engines)("keepalive of a client over %s", (_, engine) => {
  it("asks a silent server with a PING no more often than every keepaliveIntervalMs, and stays when it answers", async () => {
    let pings: number[] = [];
    await using server = await rawServer((end) => (pings = pingsOf(end)));
    await using transport = http2({ session: engine(quick) });
    const stream = await createClient(Echo, { transport, target: server.target }).chat();
    const began = performance.now();
    await until(() => pings.length === 3);
    const gaps = pings.map((time, at) => time - (pings[at - 1] ?? began));
    // Timers of Node may come a millisecond early.
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(intervalMs - 1.5);
    expect(server.ends[0]?.isClosed).toBe(false);
    stream.cancel();
  });

  it("asks nothing while no stream is open", async () => {
    let pings: number[] = [];
    await using server = await rawServer((end) => (pings = pingsOf(end)));
    await using transport = http2({ session: engine(quick) });
    const stream = await createClient(Echo, { transport, target: server.target }).chat();
    stream.cancel();
    await until(() => server.ends[0]?.of(FrameType.rstStream).length === 1);
    await after(5 * intervalMs);
    expect(pings).toEqual([]);
    expect(server.ends[0]?.isClosed).toBe(false);
  });

  it("asks also then with keepaliveWithoutStreams", async () => {
    let pings: number[] = [];
    await using server = await rawServer((end) => (pings = pingsOf(end)));
    await using transport = http2({ session: engine({ ...quick, keepaliveWithoutStreams: true }) });
    (await createClient(Echo, { transport, target: server.target }).chat()).cancel();
    await until(() => server.ends[0]?.of(FrameType.rstStream).length === 1);
    const before = pings.length;
    await until(() => pings.length >= before + 2);
  });

  it("sends no PING by default", async () => {
    let pings: number[] = [];
    await using server = await rawServer((end) => (pings = pingsOf(end)));
    await using transport = http2({ session: engine() });
    const stream = await createClient(Echo, { transport, target: server.target }).chat();
    await after(5 * intervalMs);
    expect(pings).toEqual([]);
    stream.cancel();
  });

  it("fails open streams and calls with unavailable when the network swallows everything, and connects anew", async () => {
    const echo = await startEcho({});
    await using way = await startWay(echo.target);
    const events: TransportEvent[] = [];
    await using transport = http2({ session: engine(quick), onEvent: (event) => events.push(event) });
    const client = createClient(Echo, { transport, target: way.target });
    const stream = await client.chat();
    await stream.send({ text: "hi" });
    expect((await stream.recv())?.text).toBe("hi");
    way.cut(true);
    const errors = await Promise.all([
      failureOf(stream.recv()),
      failureOf(stream.trailer()),
      failureOf(client.say({ text: "" })),
    ]);
    // Who knows what the server has done: only calls that never left may be made again without asking.
    for (const { code, retryable } of errors) expect([code, retryable]).toEqual(["unavailable", false]);
    expect(errors[0]?.message).toContain("the peer did not answer a PING");
    expect(events.find(({ type }) => type === "connection_closed")).toMatchObject({
      side: "client",
      error: { code: "unavailable" },
    });
    way.cut(false);
    expect((await client.say({ text: "again" })).text).toBe("again");
    expect(way.connections).toBe(2);
    await echo.server.close({ graceMs: 0 });
  });
});

describe.each(engines)("keepalive of a server over %s", (_, engine) => {
  it("ends the calls of a client that the network swallowed, and lets go of the connection", async () => {
    const echo = await startEcho({ session: engine(quick) });
    await using way = await startWay(echo.target);
    await using transport = http2();
    const stream = await createClient(Echo, { transport, target: way.target }).collect();
    await until(() => echo.server.activeCalls === 1);
    way.cut(true);
    await until(() => echo.server.activeCalls === 0);
    expect(echo.reason()?.code).toBe("cancelled");
    expect(echo.reason()?.message).toContain("the peer did not answer a PING");
    await until(() => echo.events.some(({ type }) => type === "connection_closed"));
    await echo.server.close({ graceMs: 0 });
    stream.cancel();
  });

  it("lets go of a connection that broke the rules, and of its calls, whether its peer closes it or not", async () => {
    const echo = await startEcho({ session: engine(quick) });
    for (const leaves of [true, false]) {
      const raw = await rawClientEnd(echo.target);
      raw.send(frame(FrameType.headers, Flag.endHeaders, 1, block(requestFields("/echo.Echo/Collect"))));
      await until(() => echo.server.activeCalls === 1);
      // DATA has no place on stream 0.
      raw.send(frame(FrameType.data, 0, 0, Buffer.alloc(8)));
      await until(() => raw.goaway !== undefined);
      if (leaves) raw.socket.destroy();
      await until(() => echo.server.activeCalls === 0 && raw.isClosed);
    }
    expect(echo.reason()?.code).toBe("cancelled");
    await echo.server.close({ graceMs: 0 });
  });
});

// As Kitex v0.16.3 `http2_server.go` polices PINGs: the third one too many closes the connection, and what it sends forgives.
it("measures the path with no PING that a Kitex server would take for abuse", async () => {
  let strikes = 0;
  let worst = 0;
  let pings = 0;
  let isForgiven = false;
  const total = 8 * 1024 * 1024;
  await using server = await rawServer((end) => {
    let sent = 0;
    let room = 65_535;
    let streamRoom = 256 * 1024;
    const pump = (id: number): void => {
      while (sent < total && Math.min(room, streamRoom) >= 16_384) {
        end.send(frame(FrameType.data, 0, id, message.subarray(sent, sent + 16_384)));
        isForgiven = true;
        sent += 16_384;
        room -= 16_384;
        streamRoom -= 16_384;
      }
      if (sent >= total) end.send(frame(FrameType.headers, Flag.endHeaders | Flag.endStream, id, trailers));
    };
    end.onFrame = ({ type, flags, streamId, payload }) => {
      if (type === FrameType.headers) {
        end.send(frame(FrameType.headers, Flag.endHeaders, streamId, head));
        isForgiven = true;
        pump(streamId);
      } else if (type === FrameType.windowUpdate) {
        if (streamId === 0) room += payload.readUInt32BE(0);
        else streamRoom += payload.readUInt32BE(0);
        if (sent > 0 && sent < total) pump(1);
      } else if (type === FrameType.ping && flags === 0) {
        pings++;
        strikes = isForgiven ? 0 : strikes + 1;
        isForgiven = false;
        worst = Math.max(worst, strikes);
        end.send(frame(FrameType.ping, Flag.ack, 0, payload));
      }
    };
  });
  const head = block({ ":status": "200", "content-type": "application/grpc+thrift" });
  const trailers = block({ "grpc-status": "0", "grpc-message": "" });
  // Messages of 16 KiB, each in a frame of its own: Kitex's largest.
  const one = Buffer.alloc(16_384);
  Echo.methods.chat.response
    .encode({ text: "x".repeat(16_384 - 5 - 8) })
    .forEach((byte, at) => (one[at + 5] = byte));
  one.writeUInt32BE(16_384 - 5, 1);
  const message = Buffer.concat(Array.from({ length: total / 16_384 }, () => one));
  await using transport = http2();
  const stream = await createClient(Echo, { transport, target: server.target }).chat();
  let count = 0;
  for await (const _ of stream) if (++count % 64 === 0) await turn();
  expect(count).toBe(total / 16_384);
  expect(pings).toBeGreaterThan(0);
  expect(worst).toBeLessThanOrEqual(2);
});
