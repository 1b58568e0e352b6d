import { createClient } from "@slipstream/rpc";
import { createServer } from "@slipstream/rpc/server";
import type { RpcError } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { http2 } from "../src/index.ts";
import { engines, failureOf, turn, until } from "./engines.ts";
import { Echo } from "./gen/echo.ts";
import { answerOf, framed, RawClient, unframed } from "./raw-client.ts";
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

const line = (text: string): Buffer => framed(Echo.methods.chat.request.encode({ text }));
const gracefulShutdown = 1000;

describe.each(engines)("a shutdown over %s", (name, engine) => {
  function serve() {
    const server = createServer({ transports: [http2({ session: engine() })] });
    const reasons: RpcError[] = [];
    server.add(Echo, {
      say: async (request) => request,
      async collect(stream) {
        for await (const _line of stream);
        return {};
      },
      async *tell() {},
      async *chat(stream) {
        stream.signal.addEventListener("abort", () => reasons.push(stream.signal.reason as RpcError));
        stream.setTrailer({ t: "1" });
        for await (const each of stream) yield each;
      },
    });
    return { server, reasons };
  }

  // Kitex v0.16.3 `http2_server.go` resets them with a code of its own, 1000, which other clients of gRPC take for a broken
  // server, and which drops what was sent and not read. A trailer says the same status to a Kitex client as that reset.
  it("ends calls that outlast the grace with a trailer of status 14, behind what was sent to them", async () => {
    const { server, reasons } = serve();
    const { target } = await server.listen({ host: "127.0.0.1" });
    await using client = new RawClient(target);
    const stream = client.open("/Echo/Chat");
    const answer = answerOf(stream);
    stream.write(line("in time"));
    await until(() => server.activeCalls === 1);
    await new Promise((resolve) => stream.once("data", resolve));
    await server.close({ graceMs: 20 });
    const { data, trailer, code } = await answer;
    expect(unframed(data)).toHaveLength(1);
    expect([trailer.get("grpc-status"), code]).toEqual(["14", 0]);
    expect(trailer.get("grpc-message")).toMatch(/^the server shut down, and the call took longer than 20 ms/);
    expect(reasons.map(({ code: each }) => each)).toEqual(["unavailable"]);
  });

  // Node has no way to send the first GOAWAY and take streams after it; the second one says that they were not looked at.
  it(`${name === "h2" ? "serves" : "refuses"} what was on its way when it began, and says with the second GOAWAY what it took`, async () => {
    const { server } = serve();
    const { target } = await server.listen({ host: "127.0.0.1" });
    const raw = await rawClientEnd(target);
    const chat = (id: number): Buffer =>
      Buffer.concat([
        frame(FrameType.headers, Flag.endHeaders, id, block(requestFields("/Echo/Chat"))),
        frame(FrameType.data, 0, id, line("hi")),
      ]);
    const lastIds = (): number[] => raw.of(FrameType.goaway).map(({ payload }) => payload.readUInt32BE(0));
    raw.send(chat(1));
    await until(() => raw.of(FrameType.data, 1).length === 1);
    const closing = server.close({ graceMs: 5_000 });
    const isPing = ({ flags }: { flags: number }): boolean => flags === 0;
    await until(() => lastIds().length === 1 && raw.of(FrameType.ping).some(isPing));
    expect(raw.goaway).toEqual([0, "graceful shutdown"]);
    // The client has not seen the GOAWAY yet.
    raw.send(chat(3));
    const taken = name === "h2" ? [1, 3] : [1];
    await until(() => taken.every((id) => raw.of(FrameType.data, id).length === 1));
    raw.send(frame(FrameType.ping, Flag.ack, 0, raw.of(FrameType.ping).find(isPing)?.payload));
    await until(() => lastIds().length === 2);
    expect(lastIds()).toEqual([2 ** 31 - 1, taken.at(-1)]);
    raw.send(chat(5));
    for (const id of taken) raw.send(frame(FrameType.data, Flag.endStream, id));
    await until(() => taken.every((id) => raw.of(FrameType.headers, id).length === 2));
    await closing;
    expect(raw.of(FrameType.headers, 5)).toEqual([]);
    await until(() => raw.isClosed);
  });

  it("of a server that names the last stream it took fails those above it, which may be made again", async () => {
    await using raw = await rawServer((end) => {
      end.onFrame = ({ type, streamId }) => {
        if (type !== FrameType.headers) return;
        if (streamId === 3) end.send(frame(FrameType.goaway, 0, 0, Buffer.concat([uint32(1), uint32(0)])));
      };
    });
    await using transport = http2({ session: engine() });
    const client = createClient(Echo, { transport, target: raw.target });
    const taken = await client.chat();
    const error = await failureOf(client.say({ text: "" }));
    expect([error.code, error.retryable]).toEqual(["unavailable", true]);
    const head = block({ ":status": "200", "content-type": "application/grpc+thrift" });
    raw.ends[0]?.send(
      frame(FrameType.headers, Flag.endHeaders, 1, head),
      frame(FrameType.data, 0, 1, framed(Echo.methods.chat.response.encode({ text: "on" }))),
    );
    expect((await taken.recv())?.text).toBe("on");
    taken.cancel();
  });

  it("that a caller passes on by resetting with 1000 reaches the handler as unavailable, and its own calls as 1000", async () => {
    let downstream: RawEnd | undefined;
    await using next = await rawServer((end) => (downstream = end));
    await using transport = http2({ session: engine() });
    const { server } = serve();
    const client = createClient(Echo, { transport, target: next.target });
    const middle = createServer({ transports: [http2({ session: engine() })] });
    let error: Promise<RpcError> | undefined;
    middle.add(Echo, {
      say: async (request) => request,
      async collect() {
        const stream = await client.chat();
        await stream.send({ text: "on" });
        error = failureOf(stream.recv());
        await error;
        return {};
      },
      async *tell() {},
      async *chat() {},
    });
    const { target } = await middle.listen({ host: "127.0.0.1" });
    const raw = await rawClientEnd(target);
    raw.send(frame(FrameType.headers, Flag.endHeaders, 1, block(requestFields("/Echo/Collect"))));
    await until(() => downstream?.of(FrameType.data).length === 1);
    raw.send(frame(FrameType.rstStream, 0, 1, uint32(gracefulShutdown)));
    await until(() => downstream?.resetCode(1) !== undefined);
    expect(downstream?.resetCode(1)).toBe(gracefulShutdown);
    expect(await error).toMatchObject({ code: "unavailable", message: "graceful shutdown" });
    await middle.close({ graceMs: 0 });
    await server.close();
  });

  it("of a server that our client is connected to lets its streams finish, and new calls go to another connection", async () => {
    const { server } = serve();
    const { target, port } = await server.listen({ host: "127.0.0.1" });
    await using transport = http2({ session: engine(), minReconnectDelayMs: 0 });
    const client = createClient(Echo, { transport, target });
    const stream = await client.chat();
    await stream.send({ text: "before" });
    expect((await stream.recv())?.text).toBe("before");
    const closing = server.close({ graceMs: 5_000 });
    // Whether or not the GOAWAY has come: nothing was served, so another server may be asked.
    let error: RpcError | undefined;
    while (error === undefined) {
      error = await client.say({ text: "" }).then(
        () => undefined,
        (reason: RpcError) => reason,
      );
      await turn();
    }
    expect([error.code, error.retryable]).toEqual(["unavailable", true]);
    await stream.send({ text: "after" });
    expect((await stream.recv())?.text).toBe("after");
    await stream.closeSend();
    expect(await stream.recv()).toBeUndefined();
    await closing;
    const { server: again } = serve();
    await again.listen({ host: "127.0.0.1", port });
    expect((await client.say({ text: "anew" })).text).toBe("anew");
    await again.close({ graceMs: 0 });
  });
});
