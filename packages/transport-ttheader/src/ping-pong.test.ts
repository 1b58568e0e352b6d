import { connect, type Socket } from "node:net";
import type { Reply, ServerStart } from "@slipstream/stream";
import { BizStatusError, Ending, noFields, RpcError } from "@slipstream/stream";
import { decodeMessage, encodeMessage, MessageType } from "@slipstream/thrift";
import { decodeFrame, encodeFrame } from "@slipstream/ttheader";
import { describe, expect, it } from "vitest";
import { answering, callStart, failure, type Serving, serve, until } from "../test/serving.ts";
import { type PingPongForm, ttheader } from "./index.ts";

/** A struct with one text. */
function struct(text: string): Uint8Array {
  const head = Buffer.of(11, 0, 1, 0, 0, 0, 0);
  head.writeUInt32BE(text.length, 3);
  return Buffer.concat([head, Buffer.from(text), Uint8Array.of(0)]);
}

function reply(outcome: Reply["outcome"]): Reply {
  return { outcome, header: noFields, trailer: noFields, backward: new Map() };
}

async function connectTo({ address }: Serving): Promise<{ socket: Socket; received: () => Buffer }> {
  const socket = connect(address.port ?? 0, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => {});
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  return { socket, received: () => Buffer.concat(chunks) };
}

/** Takes framed messages apart. */
function framedMessages(bytes: Buffer) {
  const messages = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    messages.push(decodeMessage(new Uint8Array(bytes.subarray(at, end))));
    at = end;
  }
  return messages;
}

function request(text: string, sequenceId = 0, type: number = MessageType.call, framed = true): Uint8Array {
  return encodeMessage({ type, method: "Ping", sequenceId, body: struct(text) }, { framed });
}

describe("requests in a row without TTHeader", () => {
  it("are served one after another and answered in order, though their ids repeat", async () => {
    let running = 0;
    await using server = await serve({
      call: answering(async (_start, body) => {
        expect(++running).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return reply({ message: body });
      }),
    });
    const { socket, received } = await connectTo(server);
    const texts = Array.from({ length: 50 }, (_, i) => `text ${i}`);
    socket.write(Buffer.concat(texts.map((text) => request(text))));
    await until(() => framedMessages(received()).length === texts.length);
    const messages = framedMessages(received());
    expect(messages.map(({ body }) => Buffer.from(body).toString("latin1").slice(7, -1))).toEqual(texts);
    expect(new Set(messages.map(({ type, sequenceId }) => `${type} ${sequenceId}`))).toEqual(
      new Set(["2 0"]),
    );
    socket.destroy();
  });

  it.each([
    ["framed", true],
    ["plain", false],
  ])("beyond maxStreams wait unread, and all are answered in order: %s", async (_name, framed) => {
    const count = 5000;
    const texts = Array.from({ length: count }, (_, i) => String(i).padEnd(1000, "."));
    const requests = Buffer.concat(texts.map((text, i) => request(text, i, MessageType.call, framed)));
    const requestBytes = requests.length / count;
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let answered = 0;
    let mostTaken = 0;
    await using server = await serve(
      {
        call: answering(async (_start, body) => {
          const taken = (server.sockets[0]?.bytesRead ?? 0) - answered * requestBytes;
          mostTaken = Math.max(mostTaken, taken);
          await released;
          await new Promise((resolve) => setImmediate(resolve));
          answered++;
          return reply({ message: body });
        }),
      },
      { maxStreams: 16 },
    );
    const { socket, received } = await connectTo(server);
    socket.write(requests);
    await until(() => server.sockets[0]?.isPaused() === true);
    expect(answered).toBe(0);
    release();
    await until(() => answered === count);
    await until(() => socket.bytesRead >= count * requestBytes);
    const replies = received();
    const replyBytes = replies.length / count;
    const answers = texts.map((_, i) =>
      decodeMessage(new Uint8Array(replies.subarray(i * replyBytes, (i + 1) * replyBytes))),
    );
    expect(answers.map(({ sequenceId }) => sequenceId)).toEqual(texts.map((_, i) => i));
    expect(answers.map(({ body }) => Buffer.from(body).toString("latin1").slice(7, -1))).toEqual(texts);
    // Of the 5 MB that were sent: those that may wait, and two reads of the socket.
    expect(mostTaken).toBeLessThanOrEqual(17 * requestBytes + 2 * 65_536);
    socket.destroy();
  });

  it("may be of either form, and of TTHeader, one after another [B2]", async () => {
    await using server = await serve();
    const { socket, received } = await connectTo(server);
    const bare = request("a", 1, MessageType.call, false);
    const inFrame = encodeFrame({ flags: 0, sequenceId: 3, protocolId: 0, payload: request("c", 3) });
    socket.write(Buffer.concat([bare, request("b", 2), inFrame]));
    await until(() => received().includes("c\0"));
    const bytes = new Uint8Array(received());
    const plainEnd = bare.length;
    const framedEnd = plainEnd + request("b", 2).length;
    expect(decodeMessage(bytes.slice(0, plainEnd))).toMatchObject({ type: 2, sequenceId: 1, framed: false });
    expect(decodeMessage(bytes.slice(plainEnd, framedEnd))).toMatchObject({ sequenceId: 2, framed: true });
    const frame = decodeFrame(bytes.slice(framedEnd));
    expect(decodeMessage(frame.payload)).toMatchObject({ type: 2, sequenceId: 3, framed: true });
    socket.destroy();
  });

  it("that are oneway get no answer, and those behind them do", async () => {
    const seen: string[] = [];
    await using server = await serve({
      call: answering(async (start: ServerStart, body) => {
        seen.push(start.method);
        return reply({ message: body });
      }),
    });
    const { socket, received } = await connectTo(server);
    socket.write(Buffer.concat([request("a", 1, MessageType.oneway), request("b", 2)]));
    await until(() => framedMessages(received()).length === 1);
    expect(framedMessages(received())[0]).toMatchObject({ sequenceId: 2 });
    expect(seen).toEqual(["Ping", "Ping"]);
    socket.destroy();
  });

  it("that are too large end the connection, with an event that says the limit", async () => {
    await using server = await serve({}, { maxMessageBytes: 1000 });
    for (const framed of [true, false]) {
      const { socket } = await connectTo(server);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      const large = Buffer.from(request("x", 1, MessageType.call, framed));
      // Half a gigabyte, it says.
      if (framed) large.writeUInt32BE(0x1fffffff, 0);
      else large.writeUInt32BE(0x1fffffff, 19);
      socket.write(large);
      await closed;
    }
    const errors = server.events.flatMap((event) =>
      event.type === "connection_closed" && event.error?.code === "resource_exhausted"
        ? [event.error.message]
        : [],
    );
    expect(errors).toHaveLength(2);
    for (const message of errors) expect(message).toContain("maxMessageBytes (1000)");
  });
});

const forms: readonly PingPongForm[] = ["ttheader", "ttheader-framed", "framed", "binary"];

describe.each(forms)("a client that writes %s", (pingPong) => {
  const isBare = pingPong === "framed" || pingPong === "binary";

  it("gets replies, exceptions and business statuses [B2]", async () => {
    await using server = await serve({
      call: answering(async (_start, body) => {
        const text = Buffer.from(body).toString("latin1").slice(7, -1);
        if (text === "error") return reply({ error: new RpcError("not_found", "no such thing") });
        if (text === "biz") return reply({ error: new BizStatusError(7, "no") });
        return reply({ message: body });
      }),
    });
    await using client = ttheader({ pingPong });
    const start = callStart(server.address);
    const call = (text: string) => client.call?.(start, struct(text), { oneway: false });
    const answer = await call("hi");
    expect(answer?.outcome).toEqual({ message: new Uint8Array(struct("hi")) });
    expect((await call("error"))?.outcome).toMatchObject({
      error: { code: "not_found", message: "no such thing" },
    });
    expect((await call("biz"))?.outcome).toMatchObject({
      error: isBare ? { code: "internal", message: "biz status 7: no" } : { status: 7, message: "no" },
    });
  });

  it("refuses an option and a message out of range, clearly", async () => {
    await using server = await serve();
    await using client = ttheader({ pingPong, maxMessageBytes: 10 });
    const call = (): unknown =>
      client.call?.(callStart(server.address), struct("too long"), { oneway: false });
    expect(await failure(call)).toMatchObject({ code: "resource_exhausted" });
    expect(() => ttheader({ pingPong: "thrift" as PingPongForm })).toThrow(
      /pingPong is "thrift"; expected one of/,
    );
  });

  it("closes the connection of a call that it gives up before it knows the server", async () => {
    let ended: unknown;
    await using server = await serve({
      call: (call) =>
        call.start.ended.onEnd((reason) => {
          ended = reason;
          call.reply(undefined);
        }),
    });
    await using client = ttheader({ pingPong });
    const ending = new Ending();
    const start = callStart(server.address, { ended: ending });
    const work = failure(async () => client.call?.(start, struct("a"), { oneway: false }));
    await until(() => server.sockets.length === 1 && server.events.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    ending.end(new RpcError("cancelled", "enough"));
    expect(await work).toMatchObject({ code: "cancelled" });
    await until(() => server.sockets[0]?.closed === true);
    if (ended !== undefined) expect(ended).toMatchObject({ code: "cancelled" });
  });
});
