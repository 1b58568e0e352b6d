import {
  BizStatusError,
  type Fields,
  noFields,
  RpcError,
  type ServerByteStream,
  type ServerStart,
} from "@slipstream/stream";
import { decodeException, encodeException } from "@slipstream/thrift";
import { describe, expect, it } from "vitest";
import { bytes, streamHandler, text } from "../test/calls.ts";
import { peer, ScriptedPeer } from "../test/scripted-peer.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";
import type { Frame } from "./frame.ts";
import { resolveSessionOptions, type SessionOptions } from "./options.ts";
import { ServerSession, type ServerSessionEvents } from "./server-session.ts";

interface Server {
  readonly session: ServerSession;
  /** The client, which the test plays. It is Kitex unless the test says hello. */
  readonly client: ScriptedPeer;
  readonly streams: ServerByteStream[];
}

function serve(options: SessionOptions = {}, events: ServerSessionEvents = {}): Server {
  const client = new ScriptedPeer();
  const streams: ServerByteStream[] = [];
  const session = new ServerSession(
    client,
    { address: "client:1", transport: "test" },
    resolveSessionOptions(options),
    streamHandler((stream) => streams.push(stream)),
    events,
  );
  client.receiver = session;
  return { session, client, streams };
}

/** A stream that a client has opened. */
function opened(server: Server, id = 1): ServerByteStream {
  server.client.send(peer.header(id, [["isn", "Lab"]]));
  const stream = server.streams.at(-1);
  if (stream === undefined) throw new Error("no stream came");
  return stream;
}

function startOf(
  pairs: readonly (readonly [string, string])[],
  ints: readonly [number, string][] = [],
): ServerStart {
  const server = serve();
  const header = peer.header(1, pairs);
  server.client.send({ ...header, ints: [...(header.ints ?? []), ...ints] });
  return (server.streams[0] as ServerByteStream).start;
}

async function failure(work: () => unknown): Promise<RpcError> {
  try {
    await work();
  } catch (error) {
    return error as RpcError;
  }
  throw new Error("an error was expected");
}

function exceptionOf(frame: Frame | undefined): unknown {
  const payload = frame?.payload ?? new Uint8Array(0);
  return decodeException(payload, 0, payload.length);
}

const hello = peer.meta(0, [
  ["slipstream", "1"],
  ["slipstream-window", "262144"],
]);

describe("what the handler is told", () => {
  it("is service, method and metainfo, as Kitex writes them [A3]", () => {
    const start = startOf([
      ["isn", "Lab"],
      ["RPC_PERSIST_k1", "v1"],
      ["RPC_TRANSIT_Mixed-Case", "ü x"],
      ["RPC_TRANSIT_gdpr-token", "secret"],
    ]);
    expect(start).toMatchObject({
      service: "Lab",
      method: "Chat",
      persistent: new Map([["k1", "v1"]]),
      transient: new Map([
        ["Mixed-Case", "ü x"],
        ["gdpr-token", "secret"],
      ]),
      metadata: noFields,
    });
    expect(start.peer).toMatchObject({ address: "client:1", transport: "test", isSlipstream: false });
  });

  it("leaves out what has no name or value, what had travelled before, and what is no metainfo [D2][D8]", () => {
    const { persistent, transient } = startOf([
      ["RPC_PERSIST_", "v"],
      ["RPC_TRANSIT_", "v"],
      ["RPC_PERSIST_empty", ""],
      ["RPC_TRANSIT_UPSTREAM_old", "v"],
      ["rpc_transit_lower", "v"],
      ["RPC_BACKWARD_x", "v"],
      ["user", "v"],
    ]);
    expect([persistent.size, transient.size]).toEqual([0, 0]);
  });

  it("has the whole block raw, for those who want it", () => {
    expect(
      startOf([
        ["isn", "Lab"],
        ["user", "v"],
      ]).peer.raw,
    ).toEqual([
      ["isn", "Lab"],
      ["user", "v"],
    ]);
  });

  it.each([
    ["250", 250],
    ["0", undefined],
    ["-1", undefined],
    ["soon", undefined],
    ["2147483648", undefined],
    ["", undefined],
  ])("reads a timeout of %j as %s", (value, expected) => {
    expect(startOf([], [[IntKey.rpcTimeout, value]]).timeoutMs).toBe(expected);
  });

  it("names no service when the client named none", () => {
    expect(startOf([]).service).toBe("");
  });

  it("refuses a malformed side entry with internal", () => {
    const server = serve();
    server.client.send(peer.header(1, [["slipstream-meta", "!"]]));
    const [header, trailer] = server.client.take();
    expect(header?.kind).toBe(FrameKind.header);
    expect(exceptionOf(trailer)).toMatchObject({
      type: 6,
      message: expect.stringContaining("side entry") as string,
    });
    expect(server.streams).toEqual([]);
  });
});

describe("answering", () => {
  it("sends the header at once, and messages with no further step [A6][A7]", () => {
    const server = serve();
    const stream = opened(server);
    stream.sendHeader([["h1", "v1"]]);
    expect(server.client.take()).toMatchObject([
      { kind: FrameKind.header, strings: new Map([["h1", "v1"]]) },
    ]);
    void stream.send(bytes("m"));
    expect(server.client.takeKinds()).toEqual(["DATA 1"]);
  });

  it("sends an empty header before the first message, once [A4]", () => {
    const server = serve();
    const stream = opened(server);
    void stream.send(bytes("1"));
    void stream.send(bytes("2"));
    const frames = server.client.take();
    expect(frames.map(({ kind }) => kind)).toEqual([FrameKind.header, FrameKind.data, FrameKind.data]);
    expect(frames[0]?.strings).toEqual(new Map());
  });

  it("ends with HEADER, if there was none, and TRAILER, both with a section for strings [A4][A5][B22]", () => {
    const server = serve();
    opened(server).end({ trailer: noFields });
    expect(server.client.take()).toMatchObject([
      { kind: FrameKind.header, strings: new Map() },
      { kind: FrameKind.trailer, strings: new Map(), payload: new Uint8Array(0) },
    ]);
    expect(server.session.openCount).toBe(0);
  });

  it("ends once, and sends nothing after that", async () => {
    const server = serve();
    const stream = opened(server);
    stream.end({ trailer: [["t", "1"]] });
    server.client.take();
    stream.end({ trailer: noFields });
    stream.sendHeader([["h", "1"]]);
    expect(await failure(() => stream.send(bytes("late")))).toMatchObject({ code: "failed_precondition" });
    expect(server.client.takeKinds()).toEqual([]);
  });

  it("may send after the client's half-close [B6]", async () => {
    const server = serve();
    const stream = opened(server);
    server.client.send(peer.data(1, bytes("1")), peer.trailer(1));
    expect(text(await stream.recv())).toBe("1");
    expect(await stream.recv()).toBeUndefined();
    void stream.send(bytes("answer"));
    expect(server.client.takeKinds()).toEqual(["HEADER 1", "DATA 1"]);
  });

  it("drops the client's TRAILER when the stream has ended before it", () => {
    const server = serve();
    opened(server).end({ trailer: noFields });
    server.client.send(peer.trailer(1), peer.data(1, bytes("late")));
    expect(server.client.isDestroyed).toBe(false);
  });

  it("writes a business status as pairs, without a payload, escaped as Go does", () => {
    const server = serve();
    const error = new BizStatusError(10001, "no <balance>", { k: "<&>" });
    opened(server).end({ error, trailer: [["t1", "v1"]] });
    const trailer = server.client.take()[1];
    expect(trailer?.payload.length).toBe(0);
    expect(trailer?.strings).toEqual(
      new Map([
        ["t1", "v1"],
        ["biz-status", "10001"],
        ["biz-message", "no <balance>"],
        ["biz-extra", '{"k":"\\u003c\\u0026\\u003e"}'],
      ]),
    );
  });

  it.each([
    ["internal", new RpcError("internal", "boom"), 6],
    ["another code", new RpcError("not_found", "boom"), 12105],
    ["unauthenticated", new RpcError("unauthenticated", "boom"), 12116],
    ["a number from downstream", new RpcError("unknown", "boom", { origin: { thriftType: 777 } }), 777],
    ["an unknown method", new RpcError("unimplemented", "boom", { origin: { thriftType: 1 } }), 1],
  ])(
    "writes an error of %s as an exception with its number, and the user's trailer",
    (_name, error, type) => {
      const server = serve();
      opened(server).end({ error, trailer: [["t1", "v1"]] });
      const trailer = server.client.take()[1];
      expect(exceptionOf(trailer)).toEqual({ type, message: "boom" });
      expect(trailer?.strings).toEqual(new Map([["t1", "v1"]]));
    },
  );

  it("says that a trailer is too large rather than nothing", () => {
    const server = serve();
    opened(server).end({ trailer: [["t", "x".repeat(70_000)]] });
    expect(exceptionOf(server.client.take()[1])).toMatchObject({ type: 12108 });
  });

  it("tells the handler that a header is too large", async () => {
    const server = serve();
    const stream = opened(server);
    expect(await failure(() => stream.sendHeader([["h", "x".repeat(70_000)]]))).toMatchObject({
      code: "resource_exhausted",
    });
    stream.sendHeader([["h", "1"]]);
    expect(server.client.takeKinds()).toEqual(["HEADER 1"]);
  });

  it("adds nothing to header and trailer of a client that has not said hello", () => {
    const server = serve();
    const stream = opened(server);
    const fields: Fields = [
      ["a", "1"],
      ["a", "2"],
      ["b-bin", Uint8Array.of(1)],
      ["date", "now"],
    ];
    stream.sendHeader(fields);
    stream.end({ trailer: fields });
    const seen = new Map([
      ["a", "2"],
      ["date", "now"],
    ]);
    expect(server.client.take()).toMatchObject([{ strings: seen }, { strings: seen }]);
  });

  it("sends what waits before the end of a call that failed", () => {
    const server = serve();
    const stream = opened(server);
    server.client.isFull = true;
    void stream.send(bytes("1"));
    server.client.take();
    void stream.send(bytes("2"));
    stream.end({ error: new RpcError("aborted", "no"), trailer: noFields });
    server.client.drain();
    expect(server.client.takeKinds()).toEqual(["DATA 1", "TRAILER 1"]);
  });

  it("does not let the end of a call that is out of time wait behind messages", () => {
    const server = serve();
    const stream = opened(server);
    server.client.isFull = true;
    void stream.send(bytes("1"));
    server.client.take();
    void stream.send(bytes("2"));
    stream.end({ error: new RpcError("deadline_exceeded", "too late"), trailer: noFields });
    server.client.drain();
    expect(server.client.takeKinds()).toEqual(["TRAILER 1"]);
  });
});

describe("the client's cancel", () => {
  it.each([
    [12007, "cancelled"],
    [12011, "cancelled"],
    [12013, "cancelled"],
    [12014, "deadline_exceeded"],
    [12015, "deadline_exceeded"],
    [13, "cancelled"],
    [12104, "cancelled"],
  ])("with number %i ends the call with %s, its text and its path", async (type, code) => {
    const server = serve();
    const stream = opened(server);
    const waiting = failure(() => stream.recv());
    server.client.send(
      peer.rst(1, [["ttscp", "a,b"]], encodeException("Chat", 1, { type, message: "enough" })),
    );
    const error = await waiting;
    expect(error).toMatchObject({ code, message: "enough", origin: { cancelPath: "a,b", side: "server" } });
    expect(error.origin?.ttstream ?? error.origin?.thriftType).toBe(type);
    expect(stream.start.ended.reason).toBe(error);
    expect(await failure(() => stream.send(bytes("x")))).toBe(error);
  });

  it.each([
    ["no payload", undefined],
    ["a payload that is no exception", bytes("?")],
  ])("without a reason, in %s, is number 13", (_name, payload) => {
    const server = serve();
    const stream = opened(server);
    server.client.send(peer.rst(1, undefined, payload));
    expect(stream.start.ended.reason).toMatchObject({
      code: "cancelled",
      message: "rst",
      origin: { thriftType: 13 },
    });
  });

  it("is the last of the stream: nothing is written any more, whatever the handler does", () => {
    const server = serve();
    const stream = opened(server);
    void stream.send(bytes("1"));
    server.client.take();
    server.client.send(peer.rst(1), peer.trailer(1));
    stream.sendHeader([["h", "1"]]);
    stream.end({ trailer: noFields });
    expect(server.client.takeKinds()).toEqual([]);
    expect(server.session.openCount).toBe(0);
  });

  it("leaves what had come before to be read", async () => {
    const server = serve();
    const stream = opened(server);
    server.client.send(peer.data(1, bytes("1")), peer.rst(1));
    expect(text(await stream.recv())).toBe("1");
    expect(await failure(() => stream.recv())).toMatchObject({ code: "cancelled" });
  });

  it("after the half-close shows in the end of the call and in send, not in recv", async () => {
    const server = serve();
    const stream = opened(server);
    server.client.send(peer.trailer(1));
    expect(await stream.recv()).toBeUndefined();
    server.client.send(peer.rst(1));
    expect(await stream.recv()).toBeUndefined();
    expect(stream.start.ended.reason).toMatchObject({ code: "cancelled" });
    expect(await failure(() => stream.send(bytes("x")))).toMatchObject({ code: "cancelled" });
  });

  it("is not a half-close with an exception in it: that is what recv ends with", async () => {
    const server = serve();
    const stream = opened(server);
    server.client.send(peer.trailer(1, [], encodeException("Chat", 1, { type: 6, message: "bad client" })));
    expect(await failure(() => stream.recv())).toMatchObject({ code: "internal", message: "bad client" });
    expect(stream.start.ended.reason).toBeUndefined();
  });
});

describe("the connection", () => {
  it("takes all streams with it, as cancelled by its loss", async () => {
    const server = serve();
    const stream = opened(server);
    server.session.onClose(new Error("read ECONNRESET"));
    expect(stream.start.ended.reason).toMatchObject({ code: "cancelled", origin: { ttstream: 12013 } });
    expect(await failure(() => stream.recv())).toMatchObject({ code: "cancelled" });
    stream.end({ trailer: noFields });
  });

  it("ends on a bad frame without a word", () => {
    const server = serve();
    const stream = opened(server);
    server.client.send(Uint8Array.from([0, 0, 0, 20, 9, 9, 9, 9]));
    expect(server.client.isDestroyed).toBe(true);
    expect(server.client.take()).toEqual([]);
    expect(stream.start.ended.reason).toMatchObject({
      code: "cancelled",
      message: expect.stringContaining("0x0909") as string,
    });
  });

  it("ends on a second HEADER of an open stream", () => {
    const server = serve();
    opened(server);
    server.client.send(peer.header(1));
    expect(server.client.isDestroyed).toBe(true);
  });

  it("takes any stream id but 0, negative ones too", () => {
    const server = serve();
    for (const id of [-1, 0x7fffffff, -0x80000000, 5]) server.client.send(peer.header(id));
    server.client.send(peer.header(0));
    expect(server.session.openCount).toBe(4);
  });

  it("turns away streams over maxStreams, and goes on with the others", () => {
    const refused: RpcError[] = [];
    const server = serve({ maxStreams: 1 }, { onRefused: (error) => refused.push(error) });
    const first = opened(server);
    server.client.send(peer.header(2));
    const frames = server.client.take();
    expect(frames.map(({ kind, sequenceId }) => [kind, sequenceId])).toEqual([
      [FrameKind.header, 2],
      [FrameKind.trailer, 2],
    ]);
    expect(exceptionOf(frames[1])).toMatchObject({
      type: 12108,
      message: expect.stringContaining("maxStreams (1)") as string,
    });
    expect(refused).toHaveLength(1);
    first.end({ trailer: noFields });
    expect(opened(server, 3)).not.toBe(first);
  });

  it("is not read from while its client takes no answers, so that they cannot pile up", () => {
    const server = serve({ maxStreams: 1, maxSendBufferBytes: 2000 });
    opened(server);
    server.client.isFull = true;
    for (let id = 2; id < 100 && !server.client.isPaused; id++) {
      server.client.send(peer.header(id));
      server.client.take();
    }
    expect(server.client.isPaused).toBe(true);
    expect(server.session.outbox.pendingBytes).toBeLessThan(4000);
    server.client.drain();
    expect(server.client.isPaused).toBe(false);
  });
});

describe("shutting down", () => {
  it("refuses new streams of Kitex, lets open ones finish, and closes behind the last", () => {
    const server = serve();
    const stream = opened(server);
    server.session.drain();
    server.client.send(peer.header(2));
    expect(exceptionOf(server.client.take()[1])).toMatchObject({ type: 12114 });
    expect(server.client.isEnded).toBe(false);
    void stream.send(bytes("last"));
    stream.end({ trailer: noFields });
    expect(server.client.takeKinds()).toEqual(["HEADER 1", "DATA 1", "TRAILER 1"]);
    expect(server.client.isEnded).toBe(true);
  });

  it("sends the last stream's end before it closes, also when the link is full", () => {
    const server = serve();
    const stream = opened(server);
    server.session.drain();
    server.client.isFull = true;
    void stream.send(bytes("last"));
    expect(server.client.takeKinds()).toEqual(["HEADER 1", "DATA 1"]);
    stream.end({ trailer: noFields });
    expect(server.client.takeKinds()).toEqual(["TRAILER 1"]);
    expect(server.client.isEnded).toBe(true);
  });

  it("closes an idle connection of Kitex at once", () => {
    const server = serve();
    server.session.drain();
    expect(server.client.isEnded).toBe(true);
  });

  it("tells a Slipstream client, and still serves what it had sent", () => {
    const server = serve();
    server.client.send(hello);
    opened(server);
    server.client.take();
    server.session.drain();
    expect(server.client.take()).toMatchObject([
      { kind: FrameKind.meta, sequenceId: 0, strings: new Map([["slipstream-drain", "1"]]) },
    ]);
    opened(server, 2).end({ trailer: noFields });
    expect(server.client.takeKinds()).toEqual(["HEADER 2", "TRAILER 2"]);
    expect(server.client.isEnded).toBe(false);
  });
});
