import { type ClientByteStream, noFields, type ServerByteStream } from "@slipstream/stream";
import { describe, expect, it, vi } from "vitest";
import { bytes, callStart, readAll, streamHandler } from "../test/calls.ts";
import { linkPair, type MemoryLink } from "../test/links.ts";
import { peer, ScriptedPeer } from "../test/scripted-peer.ts";
import { ClientSession } from "./client-session.ts";
import * as FrameKind from "./format/frame-kind.ts";
import { resolveSessionOptions, type SessionOptions } from "./options.ts";
import { ServerSession } from "./server-session.ts";
import type { ClientSessionEvents } from "./slipstream-client-session.ts";

const windowBytes = 64 * 1024;
const overhead = 64;

function hello(window: number | string = windowBytes) {
  return peer.meta(0, [
    ["slipstream", "1"],
    ["slipstream-window", String(window)],
  ]);
}

interface Client {
  readonly session: ClientSession;
  readonly server: ScriptedPeer;
}

function connectClient(
  options: SessionOptions = {},
  events: ClientSessionEvents = {},
  link = new ScriptedPeer(),
): Client {
  const session = new ClientSession(
    link,
    { address: "server:1", transport: "test" },
    resolveSessionOptions({ streamWindowBytes: windowBytes, ...options }),
    events,
  );
  link.receiver = session;
  return { session, server: link };
}

function connectServer(options: SessionOptions = {}, client = new ScriptedPeer()) {
  const streams: ServerByteStream[] = [];
  const session = new ServerSession(
    client,
    { address: "client:1", transport: "test" },
    resolveSessionOptions({ streamWindowBytes: windowBytes, ...options }),
    streamHandler((stream) => streams.push(stream)),
  );
  client.receiver = session;
  return { session, client, streams };
}

describe("hello", () => {
  it("is the client's first frame, in the same write as its first HEADER", () => {
    const { session, server } = connectClient();
    session.open(callStart());
    session.open(callStart());
    const frames = server.take();
    expect(frames.map(({ kind, sequenceId }) => [kind, sequenceId])).toEqual([
      [FrameKind.meta, 0],
      [FrameKind.header, 1],
      [FrameKind.header, 2],
    ]);
    expect(frames[0]?.strings).toEqual(
      new Map([
        ["slipstream", "1"],
        ["slipstream-window", "65536"],
      ]),
    );
    expect(frames[0]?.ints).toEqual(
      new Map([
        [27, "1"],
        [9, ""],
      ]),
    );
    expect(server.writes).toBe(1);
  });

  it("is answered by our server at once, before anything else", () => {
    const { session, client, streams } = connectServer();
    client.send(hello(), peer.header(1));
    streams[0]?.end({ trailer: noFields });
    expect(client.takeKinds()).toEqual(["META 0", "HEADER 1", "TRAILER 1"]);
    expect(session.peer.isSlipstream).toBe(true);
  });

  it("is never said by our server to a client that has not said it", () => {
    const { session, client, streams } = connectServer();
    client.send(peer.header(1), peer.meta(0, [["slipstream-ping", "x"]]));
    streams[0]?.end({ trailer: noFields });
    expect(client.takeKinds()).toEqual(["HEADER 1", "TRAILER 1"]);
    expect(session.peer.isSlipstream).toBe(false);
  });

  it("is neither said nor heard with extensions: false", () => {
    const { session, server } = connectClient({ extensions: false });
    session.open(callStart({ caller: "me", callerMethod: "m", metadata: [["k", "v"]] }));
    const [header] = server.take();
    expect([...(header?.ints.keys() ?? [])]).toEqual([27, 9]);
    expect(header?.strings).toEqual(new Map([["isn", "Lab"]]));
    server.send(hello());
    expect(session.peer.isSlipstream).toBe(false);
    const other = connectServer({ extensions: false });
    other.client.send(hello());
    expect(other.client.takeKinds()).toEqual([]);
  });

  it.each(["", "x", "-1", "1.5", "9007199254740992"])("with a window of %j ends the connection", (window) => {
    const { client } = connectServer();
    client.send(hello(window));
    expect(client.isDestroyed).toBe(true);
  });
});

describe("a client without credit of its peer", () => {
  it("never stalls towards Kitex, and writes no META on a stream", async () => {
    const { session, server } = connectClient();
    const stream = session.open(callStart());
    for (let i = 0; i < 100; i++) expect(stream.send(new Uint8Array(10_000))).toBeUndefined();
    server.take();
    for (let i = 0; i < 100; i++) server.send(peer.data(1, new Uint8Array(10_000)));
    for (let i = 0; i < 100; i++) await stream.recv();
    expect(server.takeKinds()).toEqual([]);
  });
});

describe("credit", () => {
  function openWithCredit(): Client & { stream: ClientByteStream } {
    const client = connectClient();
    const stream = client.session.open(callStart());
    client.server.take();
    client.server.send(hello());
    return { ...client, stream };
  }

  it("lets a message begin while any is left, and holds the next until there is more", async () => {
    const { stream, server } = openWithCredit();
    expect(stream.send(new Uint8Array(windowBytes - overhead - 1))).toBeUndefined();
    expect(stream.send(new Uint8Array(100_000))).toBeUndefined();
    const waiting = stream.send(bytes("held"));
    expect(waiting).toBeInstanceOf(Promise);
    expect(server.takeKinds()).toEqual(["DATA 1", "DATA 1"]);
    server.send(peer.meta(1, [["slipstream-window", String(windowBytes + 100_000 + overhead)]]));
    await waiting;
    expect(server.takeKinds()).toEqual(["DATA 1"]);
  });

  it("counts what was sent before the hello came", () => {
    const client = connectClient();
    const stream = client.session.open(callStart());
    void stream.send(new Uint8Array(2 * windowBytes));
    client.server.send(hello());
    expect(stream.send(bytes("held"))).toBeInstanceOf(Promise);
  });

  it("never shrinks, and a number that is none ends the connection", () => {
    const { stream, server } = openWithCredit();
    server.send(peer.meta(1, [["slipstream-window", "1"]]));
    expect(stream.send(new Uint8Array(1000))).toBeUndefined();
    server.send(peer.meta(1, [["slipstream-window", "many"]]));
    expect(server.isDestroyed).toBe(true);
  });

  it("costs HEADER, TRAILER and RST nothing", () => {
    const { stream, session, server } = openWithCredit();
    void stream.send(new Uint8Array(windowBytes));
    server.take();
    stream.closeSend();
    expect(server.takeKinds()).toEqual(["TRAILER 1"]);
    session.open(callStart());
    expect(server.takeKinds()).toEqual(["HEADER 2"]);
  });

  it("lets messages out in order, however many went while others waited", () => {
    const { session, server } = connectClient();
    const stream = session.open(callStart());
    server.send(hello(0));
    server.take();
    const seen: number[] = [];
    for (let n = 0; n < 5_000; n++) {
      void stream.send(Uint8Array.of(n >> 8, n));
      // Ten messages and more always wait.
      if (n >= 10) server.send(peer.meta(1, [["slipstream-window", String((n - 9) * (overhead + 2))]]));
      for (const { payload } of server.take()) {
        seen.push(((payload?.[0] as number) << 8) | (payload?.[1] as number));
      }
    }
    expect(seen).toEqual(Array.from({ length: 4_990 }, (_, n) => n));
  });

  it("puts the half-close behind messages that wait for it", () => {
    const { stream, server } = openWithCredit();
    void stream.send(new Uint8Array(windowBytes));
    void stream.send(bytes("held"));
    stream.closeSend();
    expect(server.takeKinds()).toEqual(["DATA 1"]);
    server.send(peer.meta(1, [["slipstream-window", String(10 * windowBytes)]]));
    expect(server.takeKinds()).toEqual(["DATA 1", "TRAILER 1"]);
  });

  it("is given back when half of it was taken by the application, not when it came", async () => {
    const { stream, server } = openWithCredit();
    const message = new Uint8Array(windowBytes / 8 - overhead);
    for (let i = 0; i < 8; i++) server.send(peer.data(1, message));
    expect(server.take()).toEqual([]);
    for (let i = 0; i < 3; i++) await stream.recv();
    expect(server.take()).toEqual([]);
    await stream.recv();
    const [update, ...more] = server.take();
    expect(update).toMatchObject({ kind: FrameKind.meta, sequenceId: 1 });
    expect(update?.strings).toEqual(new Map([["slipstream-window", String(windowBytes * 1.5)]]));
    expect(more).toEqual([]);
  });

  it("is not given for a stream whose peer has sent its last", async () => {
    const { stream, server } = openWithCredit();
    for (let i = 0; i < 8; i++) server.send(peer.data(1, new Uint8Array(windowBytes / 8)));
    server.send(peer.trailer(1));
    server.take();
    await readAll(stream);
    expect(server.takeKinds()).toEqual([]);
  });

  it("makes empty messages cost something", () => {
    const { stream } = openWithCredit();
    let sent = 0;
    while (stream.send(new Uint8Array(0)) === undefined) sent++;
    expect(sent).toBe(windowBytes / overhead);
  });
});

describe("a stream that nobody reads", () => {
  const held = { maxUnreadBytes: 10_000, stalledStreamTimeoutMs: 1000 };

  it("stops the connection towards Kitex, until it is read well below its limit", async () => {
    const { session, server } = connectClient(held);
    const stream = session.open(callStart());
    for (let i = 0; i < 20 && !server.isPaused; i++) server.send(peer.data(1, new Uint8Array(1000)));
    // Ten messages fill it, one more comes.
    expect(server.isPaused).toBe(true);
    for (let i = 0; i < 6; i++) await stream.recv();
    expect(server.isPaused).toBe(true);
    await stream.recv();
    expect(server.isPaused).toBe(false);
  });

  it("is ended with resource_exhausted after the time, and the connection goes on", async () => {
    vi.useFakeTimers();
    try {
      const { session, server } = connectClient(held);
      const [stalled, other] = [session.open(callStart()), session.open(callStart())];
      server.take();
      for (let i = 0; i < 12; i++) server.send(peer.data(1, new Uint8Array(1000)));
      vi.advanceTimersByTime(999);
      expect([server.isPaused, server.takeKinds()]).toEqual([true, []]);
      vi.advanceTimersByTime(1);
      expect([server.isPaused, server.takeKinds()]).toEqual([false, ["RST 1", "TRAILER 1"]]);
      expect(() => stalled.recv()).toThrow(/stalledStreamTimeoutMs \(1000\), over maxUnreadBytes \(10000\)/);
      server.send(peer.data(2, bytes("fine")));
      expect(other.recv()).toEqual(bytes("fine"));
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not ended while somebody takes a message now and then", () => {
    vi.useFakeTimers();
    try {
      const { session, server } = connectClient(held);
      const stream = session.open(callStart());
      for (let i = 0; i < 12; i++) server.send(peer.data(1, new Uint8Array(1000)));
      server.take();
      for (let i = 0; i < 4; i++) {
        vi.advanceTimersByTime(900);
        void stream.recv();
      }
      expect([server.isPaused, server.takeKinds()]).toEqual([true, []]);
      vi.advanceTimersByTime(2000);
      expect(server.takeKinds()).toEqual(["RST 1", "TRAILER 1"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is ended by a server with TRAILER, and its handler is told", () => {
    vi.useFakeTimers();
    try {
      const { client, streams } = connectServer(held);
      client.send(peer.header(1));
      for (let i = 0; i < 12; i++) client.send(peer.data(1, new Uint8Array(1000)));
      vi.advanceTimersByTime(1000);
      expect(client.takeKinds()).toEqual(["HEADER 1", "TRAILER 1"]);
      expect(client.isPaused).toBe(false);
      expect(streams[0]?.start.ended.reason).toMatchObject({ code: "resource_exhausted" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("no longer holds the connection when it has ended", () => {
    const { session, server } = connectClient(held);
    session.open(callStart());
    for (let i = 0; i < 12; i++) server.send(peer.data(1, new Uint8Array(1000)));
    expect(server.isPaused).toBe(true);
    server.send(peer.trailer(1));
    expect(server.isPaused).toBe(false);
  });

  it("is dropped on a server when its handler ends without reading", () => {
    const { client, streams } = connectServer(held);
    client.send(peer.header(1));
    for (let i = 0; i < 12; i++) client.send(peer.data(1, new Uint8Array(1000)));
    expect(client.isPaused).toBe(true);
    streams[0]?.end({ trailer: noFields });
    expect(client.isPaused).toBe(false);
  });
});

describe("control", () => {
  it("drain: opens no new streams here, and the owner is told", () => {
    let drains = 0;
    const { session, server } = connectClient({}, { onDraining: () => drains++ });
    const stream = session.open(callStart());
    server.send(
      hello(),
      peer.meta(0, [["slipstream-drain", "1"]]),
      peer.meta(0, [["slipstream-drain", "1"]]),
    );
    expect([drains, session.isDraining, session.canOpen]).toEqual([1, true, false]);
    expect(() => session.open(callStart())).toThrow(/takes no new streams/);
    expect(stream.send(bytes("goes on"))).toBeUndefined();
  });

  it("ping: is answered with the same token", () => {
    const { client } = connectServer();
    client.send(hello());
    client.take();
    client.send(peer.meta(0, [["slipstream-ping", "token"]]));
    expect(client.take()[0]?.strings).toEqual(new Map([["slipstream-pong", "token"]]));
  });

  it("what nobody knows is ignored", () => {
    const { client } = connectServer();
    client.send(hello());
    client.take();
    client.send(
      peer.meta(0, [["slipstream-later", "1"]]),
      peer.meta(0),
      peer.meta(77, [["slipstream-window", "1"]]),
    );
    expect([client.takeKinds(), client.isDestroyed]).toEqual([[], false]);
  });

  it("META on a stream is ignored from Kitex and its proxies", () => {
    const { session, server } = connectClient({ extensions: false });
    const stream = session.open(callStart());
    server.send(
      peer.meta(1, [
        ["rip", "10.0.0.1:1"],
        ["slipstream-window", "0"],
      ]),
    );
    expect(stream.send(bytes("x"))).toBeUndefined();
  });
});

describe("heartbeat", () => {
  it("asks a silent Slipstream peer, and counts it as lost when it stays silent", () => {
    vi.useFakeTimers();
    try {
      const { session, server } = connectClient({ heartbeatIntervalMs: 100 });
      const stream = session.open(callStart());
      server.send(hello());
      server.take();
      vi.advanceTimersByTime(99);
      expect(server.takeKinds()).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(server.take()[0]?.strings?.has("slipstream-ping")).toBe(true);
      server.send(peer.meta(0, [["slipstream-pong", "1"]]));
      vi.advanceTimersByTime(100);
      expect(session.isClosed).toBe(false);
      vi.advanceTimersByTime(200);
      expect([session.isClosed, server.isDestroyed]).toEqual([true, true]);
      expect(() => stream.recv()).toThrow(/heartbeat/);
    } finally {
      vi.useRealTimers();
    }
  });

  it("counts what the link still sends as a sign of life: an answer cannot come before all of a large message is sent", () => {
    vi.useFakeTimers();
    try {
      const { session, server } = connectClient({ heartbeatIntervalMs: 100 });
      const outgoing = { sentBytes: 0, unsentBytes: 10_000 };
      Object.defineProperty(server, "outgoing", { get: () => ({ ...outgoing }) });
      session.open(callStart());
      server.send(hello());
      for (let i = 0; i < 10; i++) {
        vi.advanceTimersByTime(99);
        outgoing.sentBytes += 1000;
        outgoing.unsentBytes -= 1000;
        vi.advanceTimersByTime(1);
      }
      expect(session.isClosed).toBe(false);
      // All has left, the question too; that it left is no sign of life.
      vi.advanceTimersByTime(99);
      outgoing.sentBytes += 50;
      vi.advanceTimersByTime(101);
      expect(session.isClosed).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it("asks once more when its own timer was late: the program was busy, and what came is still unread", () => {
    vi.useFakeTimers();
    try {
      const { session, server } = connectClient({ heartbeatIntervalMs: 100 });
      session.open(callStart());
      server.send(hello());
      vi.advanceTimersByTime(100);
      server.take();
      vi.setSystemTime(Date.now() + 10_000);
      vi.advanceTimersByTime(100);
      expect(session.isClosed).toBe(false);
      expect(server.take()[0]?.strings?.has("slipstream-ping")).toBe(true);
      vi.advanceTimersByTime(100);
      expect(session.isClosed).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it("never asks Kitex", () => {
    vi.useFakeTimers();
    try {
      const { session, server } = connectClient({ heartbeatIntervalMs: 100 });
      session.open(callStart());
      server.take();
      vi.advanceTimersByTime(10_000);
      expect([server.takeKinds(), session.isClosed]).toEqual([[], false]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("two Slipstream peers", () => {
  /** Both ends, the messages that the server's handlers have not read among them. */
  function pair(onStream: (stream: ServerByteStream) => void): {
    client: ClientSession;
    links: readonly MemoryLink[];
  } {
    const links = linkPair();
    const options = resolveSessionOptions({ streamWindowBytes: windowBytes });
    const client = new ClientSession(links[0], { address: "s", transport: "test" }, options);
    links[0].receiver = client;
    const server = new ServerSession(
      links[1],
      { address: "c", transport: "test" },
      options,
      streamHandler(onStream),
    );
    links[1].receiver = server;
    return { client, links };
  }

  it("let a slow reader neither fill memory nor stall its siblings", async () => {
    let slow: ServerByteStream | undefined;
    const { client } = pair((stream) => {
      if (stream.start.method === "slow") slow = stream;
      else void readAll(stream).then((all) => stream.end({ trailer: [["n", String(all.length)]] }));
    });
    // Until the server's hello has come, a client sends without limit, as to Kitex.
    const first = client.open(callStart());
    first.closeSend();
    await first.trailer();
    const stalled = client.open(callStart({ method: "slow" }));
    let sent = 0;
    void (async () => {
      for (; sent < 10_000; sent++) await stalled.send(new Uint8Array(1000));
    })().catch(() => {});
    const others = Array.from({ length: 9 }, () => client.open(callStart()));
    await Promise.all(
      others.map(async (stream) => {
        for (let i = 0; i < 1000; i++) await stream.send(new Uint8Array(1000));
        stream.closeSend();
        expect(await stream.trailer()).toEqual([["n", "1000"]]);
      }),
    );
    expect(sent).toBeLessThanOrEqual(Math.ceil(windowBytes / (1000 + overhead)) + 1);
    expect(slow).toBeDefined();
    client.close();
  });
});
