import { BizStatusError, Ending, type Reply, RpcError, type ServerHandler } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { bytes, callStart, echo, readAll, streamHandler } from "../test/calls.ts";
import { linkPair, type MemoryLink } from "../test/links.ts";
import { peer, ScriptedPeer } from "../test/scripted-peer.ts";
import { resolveSessionOptions, type SessionOptions } from "./options.ts";
import { ServerSession } from "./server-session.ts";
import { SlipstreamClientSession } from "./slipstream-client-session.ts";

interface Pair {
  readonly client: SlipstreamClientSession;
  readonly server: ServerSession;
  readonly link: MemoryLink;
}

function connect(handler: ServerHandler, options: SessionOptions = {}): Pair {
  const [clientLink, serverLink] = linkPair();
  const resolved = resolveSessionOptions(options);
  const known = { transport: "test", isSlipstream: true };
  const client = new SlipstreamClientSession(clientLink, { address: "server", ...known }, resolved);
  const server = new ServerSession(serverLink, { address: "client", ...known }, resolved, handler);
  clientLink.receiver = client;
  serverLink.receiver = server;
  return { client, server, link: clientLink };
}

/** A server that answers every call with the same. */
function answering(reply: Partial<Reply>): ServerHandler {
  const whole = { outcome: { message: bytes("answer") }, header: [], trailer: [], backward: new Map() };
  return { stream: (stream) => void echo(stream), call: (call) => call.reply({ ...whole, ...reply }) };
}

/** What of an error travels. */
function withoutOrigin(error: RpcError | BizStatusError): object {
  const { message } = error;
  if (error instanceof RpcError) return { message, code: error.code };
  return { message, status: error.status, extra: error.extra };
}

async function failure(promise: Promise<unknown>): Promise<RpcError> {
  return (await promise.then(
    () => new Error("an error was expected"),
    (error: unknown) => error,
  )) as RpcError;
}

describe("a stream of a page", () => {
  it("echoes messages in order, ends, and leaves nothing behind", async () => {
    const { client, server } = connect(streamHandler((stream) => void echo(stream, [["t", "1"]])));
    const stream = client.open(callStart());
    const sent = Array.from({ length: 5000 }, (_, i) => `message ${i}`);
    const received = readAll(stream);
    for (const message of sent) await stream.send(bytes(message));
    stream.closeSend();
    expect(await received).toEqual(sent);
    expect(await stream.trailer()).toEqual([["t", "1"]]);
    await new Promise(setImmediate);
    expect([client.openCount, server.openCount, client.queuedBytes]).toEqual([0, 0, 0]);
  });

  it("carries messages larger than all that is kept for a turn, and gives their memory back at once", async () => {
    const { client } = connect(streamHandler((stream) => void echo(stream)));
    const stream = client.open(callStart());
    const message = new Uint8Array(700_000).fill(7);
    const copy = message.slice();
    void stream.send(message, (released) => released.fill(0));
    expect(message[0]).toBe(0);
    void stream.send(bytes("small"));
    stream.closeSend();
    expect(await stream.recv()).toEqual(copy);
    expect(await stream.recv()).toEqual(bytes("small"));
  });

  it("waits while the link is full, and goes on in order", async () => {
    const server = new ScriptedPeer();
    const session = new SlipstreamClientSession(
      server,
      { address: "server", transport: "test", isSlipstream: true },
      resolveSessionOptions(),
    );
    server.receiver = session;
    const stream = session.open(callStart());
    server.isFull = true;
    server.take();
    const waiting = stream.send(bytes("a"));
    expect(waiting).toBeInstanceOf(Promise);
    expect(server.takeKinds()).toEqual([]);
    server.isFull = false;
    session.onDrain();
    await waiting;
    expect(server.takeKinds()).toEqual(["DATA 1"]);
  });

  it("is ended at once when it has more unread than it may, for the link cannot hold the server back", () => {
    const server = new ScriptedPeer();
    const session = new SlipstreamClientSession(
      server,
      { address: "server", transport: "test", isSlipstream: true },
      resolveSessionOptions({ maxUnreadBytes: 10_000 }),
    );
    server.receiver = session;
    const stream = session.open(callStart());
    server.take();
    for (let i = 0; i < 12; i++) server.send(peer.data(1, new Uint8Array(1000)));
    expect(server.takeKinds()).toEqual(["RST 1", "TRAILER 1"]);
    expect(() => stream.recv()).toThrow(/over maxUnreadBytes \(10000\)/);
  });
});

describe("a call of a page", () => {
  it("gets its answer with header, trailer and backward values, whatever they are called", async () => {
    const header = [["h", Uint8Array.of(1)]] as const;
    const trailer = [["t", "1"]] as const;
    for (const backward of [
      new Map(),
      new Map([["k", "v"]]),
      new Map([
        ["rip", "v"],
        ["k", "w"],
      ]),
    ]) {
      const { client } = connect(answering({ header, trailer, backward }));
      const reply = await client.call(callStart(), bytes("request"), false);
      expect(reply).toEqual({ outcome: { message: bytes("answer") }, header, trailer, backward });
    }
  });

  it("fails with the error or the business status of its handler", async () => {
    for (const error of [
      new RpcError("not_found", "no such line"),
      new RpcError("internal", ""),
      new BizStatusError(7, "no", { k: "v" }),
    ]) {
      const { client } = connect(answering({ outcome: { error } }));
      const reply = (await client.call(callStart(), bytes("request"), false)) as Reply;
      expect(reply.outcome).toMatchObject({ error: withoutOrigin(error) });
      expect(client.isDraining).toBe(false);
    }
  });

  it("is over at once when it is a oneway", async () => {
    const { client } = connect(answering({}));
    expect(await client.call(callStart(), bytes("request"), true)).toBeUndefined();
    expect([client.openCount, client.canOpen]).toEqual([0, true]);
  });

  it("that is given up tells the server, and harms no other", async () => {
    const reasons: (RpcError | undefined)[] = [];
    const { client } = connect({
      stream: () => {},
      call(call) {
        call.start.ended.onEnd((reason) => reasons.push(reason));
        if (reasons.length > 0)
          call.reply({ outcome: { message: bytes("b") }, header: [], trailer: [], backward: new Map() });
      },
    });
    const ended = new Ending();
    const given = client.call(callStart({ ended }), bytes("a"), false);
    await new Promise((resolve) => setTimeout(resolve, 10));
    ended.end(new RpcError("cancelled", "enough"));
    expect((await failure(given)).message).toBe("enough");
    await expect.poll(() => reasons.length).toBe(1);
    expect(await client.call(callStart(), bytes("b"), false)).toMatchObject({
      outcome: { message: bytes("b") },
    });
  });

  it("fails when the connection is lost", async () => {
    const { client, link } = connect({ stream: () => {}, call: () => {} });
    const lost = failure(client.call(callStart(), bytes("a"), false));
    await new Promise(setImmediate);
    link.break();
    expect((await lost).code).toBe("unavailable");
    expect(
      (await failure(Promise.resolve().then(() => client.call(callStart(), bytes("b"), false)))).retryable,
    ).toBe(true);
  });
});
