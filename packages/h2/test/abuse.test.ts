import { describe, expect, it } from "vitest";
import { ErrorCode, LimitError, type SessionOptions } from "../src/index.ts";
import { fields, REQUEST, RESPONSE, type RecordedSession } from "./handlers.ts";
import { clientAndRaw, Pair, serverAndRaw } from "./pair.ts";
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  PING,
  PRIORITY,
  type RawPeer,
  RST_STREAM,
  SETTINGS,
  settings,
  uint32,
  WINDOW_UPDATE,
} from "./raw-peer.ts";

/** Does something until the session has had enough of it. Returns how often that was. */
function repeat(raw: RawPeer, frames: (i: number) => Buffer, max = 5000): number {
  for (let i = 0; i < max; i++) {
    if (raw.goaway !== undefined) return i;
    raw.send(frames(i));
  }
  return max;
}

/** The connection ended because of that option, and the session's owner knows. */
function expectLimit(raw: RawPeer, session: RecordedSession, limit: keyof SessionOptions): void {
  expect(raw.goaway?.code).toBe(ErrorCode.ENHANCE_YOUR_CALM);
  expect(raw.goaway?.text).toContain(limit);
  expect(session.error).toBeInstanceOf(LimitError);
  expect((session.error as LimitError).limit).toBe(limit);
  expect(session.limits.at(-1)).toBe(limit);
}

const few = { burst: 10, perSecond: 0 };

describe("a client that floods", () => {
  it("with streams that it resets (rapid reset) is sent away", () => {
    const { raw, atServer } = serverAndRaw({ resetRate: few }, () => {});
    raw.begin();
    const times = repeat(raw, (i) =>
      Buffer.concat([raw.headers(2 * i + 1, REQUEST), frame(RST_STREAM, 0, 2 * i + 1, uint32(8))]),
    );
    expect(times).toBe(11);
    expectLimit(raw, atServer, "resetRate");
  });

  it("may reset streams that were answered", () => {
    const { raw } = serverAndRaw({ resetRate: few }, ({ stream }) =>
      stream.respond(RESPONSE, undefined, true),
    );
    raw.begin();
    const times = repeat(
      raw,
      (i) => Buffer.concat([raw.headers(2 * i + 1, REQUEST), frame(RST_STREAM, 0, 2 * i + 1, uint32(8))]),
      50,
    );
    expect(times).toBe(50);
  });

  it.each([
    ["a WINDOW_UPDATE of 0", (id: number) => frame(WINDOW_UPDATE, 0, id, uint32(0))],
    ["a window that overflows", (id: number) => frame(WINDOW_UPDATE, 0, id, uint32(0x7fffffff))],
    [
      "DATA after the end",
      (id: number) => Buffer.concat([frame(DATA, END_STREAM, id), frame(DATA, 0, id, Buffer.alloc(1))]),
    ],
    ["a PRIORITY that is malformed", (id: number) => frame(PRIORITY, 0, id, Buffer.alloc(4))],
  ])("with resets that it provokes is sent away as for its own: %s", (_, provoke) => {
    const { raw, atServer } = serverAndRaw({ resetRate: few }, () => {});
    raw.begin();
    expect(repeat(raw, (i) => Buffer.concat([raw.headers(2 * i + 1, REQUEST), provoke(2 * i + 1)]))).toBe(11);
    expectLimit(raw, atServer, "resetRate");
  });

  it("with requests that are malformed is sent away as for resets", () => {
    const { raw, atServer } = serverAndRaw({ resetRate: few });
    raw.begin();
    expect(repeat(raw, (i) => raw.headers(2 * i + 1, REQUEST.slice(1)))).toBe(11);
    expectLimit(raw, atServer, "resetRate");
  });

  it("with streams beyond those allowed has them refused, then is sent away", () => {
    const { raw, atServer } = serverAndRaw({ maxConcurrentStreams: 3, resetRate: few }, () => {});
    raw.begin();
    for (let i = 0; i < 5; i++) raw.send(raw.headers(2 * i + 1, REQUEST));
    expect(atServer.streams.length).toBe(3);
    expect([raw.resetCode(5), raw.resetCode(7), raw.resetCode(9)]).toEqual([
      undefined,
      ErrorCode.REFUSED_STREAM,
      ErrorCode.REFUSED_STREAM,
    ]);
    expect(atServer.limits).toEqual(["maxConcurrentStreams", "maxConcurrentStreams"]);
    // A stream that ends makes room.
    raw.send(frame(RST_STREAM, 0, 1, uint32(8)), raw.headers(11, REQUEST));
    expect(atServer.streams.length).toBe(4);
    repeat(raw, (i) => raw.headers(2 * i + 13, REQUEST));
    expectLimit(raw, atServer, "resetRate");
  });

  it("with CONTINUATION frames is sent away", () => {
    const { raw, atServer } = serverAndRaw({ maxContinuationFrames: 20 });
    raw.begin();
    raw.send(frame(HEADERS, 0, 1, raw.block(REQUEST)));
    expect(repeat(raw, () => frame(CONTINUATION, 0, 1))).toBe(21);
    expectLimit(raw, atServer, "maxContinuationFrames");
  });

  it("with a header section that does not end is sent away, and little was kept of it", () => {
    const { raw, atServer } = serverAndRaw({ maxHeaderBlockBytes: 100_000, maxHeaderListBytes: 1000 });
    raw.begin();
    raw.send(frame(HEADERS, 0, 1, raw.block(REQUEST)));
    expect(repeat(raw, () => frame(CONTINUATION, 0, 1, Buffer.alloc(16_000)))).toBe(7);
    expectLimit(raw, atServer, "maxHeaderBlockBytes");
  });

  it.each([
    ["empty DATA frames", () => frame(DATA, 0, 1)],
    ["DATA frames of padding", () => frame(DATA, 8, 1, Buffer.alloc(10, 9).fill(9, 0, 1))],
    ["PRIORITY frames", () => frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 0, 1]))],
    ["frames of unknown type", () => frame(0x42, 0, 0, Buffer.alloc(5))],
    ["RST_STREAM frames of a stream that is over", () => frame(RST_STREAM, 0, 3, uint32(8))],
    ["GOAWAY frames", () => frame(7, 0, 0, uint32(0, 0))],
  ])("with %s is sent away", (_, useless) => {
    const { raw, atServer } = serverAndRaw({ uselessFrameRate: few });
    raw.begin();
    raw.send(raw.headers(1, REQUEST), raw.headers(3, REQUEST, END_HEADERS | END_STREAM));
    expect(repeat(raw, useless)).toBe(11);
    expectLimit(raw, atServer, "uselessFrameRate");
  });

  it.each([
    ["PING frames", "pingRate", () => frame(PING, 0, 0, Buffer.alloc(8))],
    ["answers to PING", "pingRate", () => frame(PING, ACK, 0, Buffer.alloc(8))],
    ["SETTINGS frames", "settingsRate", () => frame(SETTINGS, 0, 0, settings({ 4: 1000 }))],
    ["WINDOW_UPDATE frames", "windowUpdateRate", () => frame(WINDOW_UPDATE, 0, 0, uint32(1))],
  ] as const)("with %s is sent away by %s", (_, limit, bytes) => {
    const { raw, atServer } = serverAndRaw({ [limit]: { burst: 20, perSecond: 0 } });
    raw.begin();
    expect(repeat(raw, bytes)).toBeLessThanOrEqual(21);
    expectLimit(raw, atServer, limit);
  });

  it("with WINDOW_UPDATE frames may send them for what it received", () => {
    const { raw, atServer } = serverAndRaw({ windowUpdateRate: few });
    raw.begin();
    raw.send(raw.headers(1, REQUEST));
    for (let i = 0; i < 100; i++) {
      raw.send(frame(DATA, 0, 1, Buffer.alloc(512)));
      raw.send(frame(WINDOW_UPDATE, 0, 0, uint32(512)), frame(WINDOW_UPDATE, 0, 1, uint32(512)));
    }
    expect(atServer.error).toBeUndefined();
  });

  it("with PING frames may send them for what it receives, as measuring peers do", () => {
    const { raw, atServer } = serverAndRaw({ pingRate: few });
    raw.begin();
    raw.send(raw.headers(1, REQUEST));
    for (let i = 0; i < 100; i++)
      raw.send(frame(DATA, 0, 1, Buffer.alloc(10)), frame(PING, 0, 0, Buffer.alloc(8)));
    expect(atServer.error).toBeUndefined();
  });

  it("at a pace that is allowed may go on for as long as it likes", () => {
    const { raw, atServer } = serverAndRaw({ pingRate: { burst: 5, perSecond: 1_000_000 } });
    raw.begin();
    expect(repeat(raw, () => frame(PING, 0, 0, Buffer.alloc(8)), 200)).toBe(200);
    expect(atServer.error).toBeUndefined();
  });

  it("harms no other connection", () => {
    const flooded = serverAndRaw({ pingRate: few });
    const other = new Pair({ server: { pingRate: few } });
    flooded.raw.begin();
    const call = other.open();
    repeat(flooded.raw, () => frame(PING, 0, 0, Buffer.alloc(8)));
    call.stream.end();
    other.settle();
    expect(call.isClosed).toBe(true);
    expect(call.reason).toBeUndefined();
    expect(other.atServer.isClosed).toBe(false);
  });
});

describe("header lists over the limit", () => {
  it("fail their stream; the connection and its table live on", () => {
    const { raw, atServer } = serverAndRaw({ maxHeaderListBytes: 1000 });
    raw.begin();
    raw.send(raw.headers(1, [...REQUEST, ...fields(["x-kept", "1"], ["x-long", "v".repeat(2000)])]));
    expect(raw.resetCode(1)).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(atServer.limits).toEqual(["maxHeaderListBytes"]);
    expect(atServer.events[0]).toMatchObject({ streamId: 1 });
    raw.send(raw.headers(3, [...REQUEST, ...fields(["x-kept", "1"])], END_HEADERS | END_STREAM));
    expect(raw.of(HEADERS, 3).length).toBe(2);
    // As trailers too.
    raw.send(raw.headers(5, REQUEST));
    raw.send(raw.headers(5, fields(["x-long", "v".repeat(2000)]), END_HEADERS | END_STREAM));
    expect(raw.resetCode(5)).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(atServer.streams[1]?.reason).toMatchObject({ by: "local" });
    expect(atServer.error).toBeUndefined();
  });

  it("of a response fail the client's stream", () => {
    const { raw, open, client } = clientAndRaw({ maxHeaderListBytes: 1000 });
    raw.begin({}, false);
    const call = open();
    raw.send(raw.headers(1, [...RESPONSE, ...fields(["x-long", "v".repeat(2000)])]));
    expect(call.reason).toMatchObject({ by: "local", code: ErrorCode.ENHANCE_YOUR_CALM });
    expect(client.isUsable).toBe(true);
  });

  it("that are small on the wire (an HPACK bomb) are not unpacked", () => {
    const { raw, atServer } = serverAndRaw();
    raw.begin();
    raw.send(raw.headers(1, [...REQUEST, ...fields(["x-bomb", "b".repeat(1900)])]));
    raw.send(raw.headers(3, [...REQUEST, ...fields(["x-bomb", "b".repeat(1900)])]));
    const bomb = Buffer.concat([
      raw.block(REQUEST),
      Buffer.alloc(100_000, raw.block(fields(["x-bomb", "b".repeat(1900)]))),
    ]);
    const before = process.memoryUsage().heapUsed;
    raw.send(frame(HEADERS, END_HEADERS, 5, bomb));
    // 190 MB in full.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6);
    expect(raw.resetCode(5)).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(atServer.error).toBeUndefined();
  });
});

describe("frames over the limit", () => {
  it("end the connection before they are read", () => {
    const { raw, atServer } = serverAndRaw({ maxFrameBytes: 20_000 });
    raw.begin();
    raw.send(raw.headers(1, REQUEST), frame(DATA, 0, 1, Buffer.alloc(20_001)).subarray(0, 9));
    expect(raw.goaway?.code).toBe(ErrorCode.FRAME_SIZE_ERROR);
    expect(atServer.streams[0]?.reason).toMatchObject({ by: "connection" });
  });
});

describe("a peer that does not read", () => {
  it("what it asks for is not read from further, and goes on when it reads", () => {
    const { raw, network, atServer } = serverAndRaw({
      maxUnsentBytes: 1000,
      pingRate: { burst: 1e6, perSecond: 1e6 },
    });
    raw.begin();
    network.b.highWaterBytes = 100;
    network.b.hold(true);
    for (let i = 0; i < 500; i++) raw.send(frame(PING, 0, 0, Buffer.alloc(8)));
    expect(network.b.isPaused).toBe(true);
    expect(network.b.bufferedBytes).toBeLessThan(2000);
    expect(atServer.limits).toEqual(["maxUnsentBytes"]);
    network.b.hold(false);
    network.settle();
    expect(raw.of(PING).length).toBe(500);
    expect(network.b.isPaused).toBe(false);
  });

  it("of responses keeps them in their streams, whose number is limited", () => {
    const { raw, network, atServer } = serverAndRaw(
      { maxConcurrentStreams: 5, resetRate: { burst: 1e6, perSecond: 0 } },
      ({ stream }) => {
        stream.respond(RESPONSE);
        stream.write(new Uint8Array(50_000));
        stream.end();
      },
    );
    raw.begin({ 4: 0x7fffffff });
    raw.send(frame(WINDOW_UPDATE, 0, 0, uint32(0x7fff0000)));
    network.b.hold(true);
    for (let i = 0; i < 50; i++) raw.send(raw.headers(2 * i + 1, REQUEST, END_HEADERS | END_STREAM));
    expect(network.b.bufferedBytes).toBeLessThan(6 * 50_000);
    expect(atServer.streams.length).toBeLessThan(10);
    network.b.hold(false);
    network.settle();
    expect(atServer.streams.every(({ isClosed }) => isClosed)).toBe(true);
  });

  it("is let go after writeTimeoutMs", async () => {
    const { raw, network, atServer } = serverAndRaw({ writeTimeoutMs: 20 });
    raw.begin();
    network.b.highWaterBytes = 1;
    network.b.hold(true);
    const closed = new Promise<void>((resolve) => {
      atServer.whenClosed = resolve;
    });
    raw.send(frame(PING, 0, 0, Buffer.alloc(8)));
    await closed;
    expect(atServer.limits).toEqual(["writeTimeoutMs"]);
    expect((atServer.error as LimitError).limit).toBe("writeTimeoutMs");
  });

  it("of one stream, whose window stays 0, has it reset after stalledStreamTimeoutMs, and no other", async () => {
    const { raw, network, atServer } = serverAndRaw({ stalledStreamTimeoutMs: 40 });
    raw.begin({ 4: 10 });
    raw.send(raw.headers(1, REQUEST), frame(DATA, 0, 1, Buffer.alloc(100)), raw.headers(3, REQUEST));
    const stalled = atServer.streams[0];
    const reason = new Promise<void>((resolve) => {
      if (stalled) stalled.whenClosed = resolve;
    });
    await reason;
    network.settle();
    expect(stalled?.reason).toMatchObject({ by: "local", code: ErrorCode.CANCEL });
    expect(raw.resetCode(1)).toBe(ErrorCode.CANCEL);
    expect(atServer.limits).toEqual(["stalledStreamTimeoutMs"]);
    expect(atServer.streams[1]?.isClosed).toBe(false);
    expect(atServer.isClosed).toBe(false);
  });
});

describe("a peer that keeps silent", () => {
  const ended = (session: RecordedSession): Promise<void> =>
    new Promise((resolve) => {
      session.whenClosed = resolve;
    });

  it("from the start is let go after handshakeTimeoutMs", async () => {
    const { atServer, raw } = serverAndRaw({ handshakeTimeoutMs: 20 });
    raw.isPolite = false;
    raw.send(Buffer.from("PRI * HTTP"));
    await ended(atServer);
    expect((atServer.error as LimitError).limit).toBe("handshakeTimeoutMs");
    const { atClient } = clientAndRaw({ handshakeTimeoutMs: 20 });
    await ended(atClient);
    expect((atClient.error as LimitError).limit).toBe("handshakeTimeoutMs");
  });

  it("in the middle of a header section is let go", async () => {
    const { atServer, raw } = serverAndRaw({ handshakeTimeoutMs: 20 });
    raw.begin();
    raw.send(frame(HEADERS, 0, 1, raw.block(REQUEST)));
    await ended(atServer);
    expect((atServer.error as LimitError).limit).toBe("handshakeTimeoutMs");
  });

  it("instead of acknowledging SETTINGS is let go with SETTINGS_TIMEOUT", async () => {
    const { atServer, raw, network } = serverAndRaw({ settingsTimeoutMs: 20 });
    raw.isPolite = false;
    raw.begin();
    await ended(atServer);
    network.settle();
    expect(raw.goaway?.code).toBe(ErrorCode.SETTINGS_TIMEOUT);
  });

  it("is asked by keepalive, and let go when it does not answer", async () => {
    const { atClient, raw, open, network } = clientAndRaw({
      keepaliveIntervalMs: 20,
      keepaliveTimeoutMs: 20,
    });
    raw.begin({}, false);
    raw.isPolite = false;
    const call = open();
    await ended(atClient);
    network.settle();
    expect(raw.of(PING).length).toBe(1);
    expect(call.reason).toMatchObject({ by: "connection" });
    expect((atClient.error as LimitError).limit).toBe("keepaliveTimeoutMs");
  });

  it("but answers keepalive may stay; without streams it is not asked", async () => {
    const asked = clientAndRaw({
      keepaliveIntervalMs: 10,
      keepaliveTimeoutMs: 10,
      keepaliveWithoutStreams: true,
    });
    const notAsked = clientAndRaw({ keepaliveIntervalMs: 10, keepaliveTimeoutMs: 10 });
    for (const { raw } of [asked, notAsked]) raw.begin({}, false);
    await new Promise<void>((resolve) => {
      const look = (): void => {
        asked.network.settle();
        notAsked.network.settle();
        if (asked.raw.of(PING).length >= 3) resolve();
        else setTimeout(look, 1);
      };
      look();
    });
    expect(asked.atClient.isClosed).toBe(false);
    expect(notAsked.raw.of(PING)).toEqual([]);
    asked.client.destroy();
  });
});

it("limits hold for a client against its server too", () => {
  const { raw, atClient, open } = clientAndRaw({ uselessFrameRate: few, pingRate: few });
  raw.begin({}, false);
  const call = open();
  expect(repeat(raw, () => raw.headers(1, fields([":status", "103"])))).toBe(11);
  expectLimit(raw, atClient, "uselessFrameRate");
  expect(call.reason).toMatchObject({ by: "connection", code: ErrorCode.ENHANCE_YOUR_CALM });
});

it("a client may be reset as often as the server likes", () => {
  const { raw, atClient, open } = clientAndRaw({ resetRate: few });
  raw.begin({}, false);
  for (let i = 0; i < 100; i++)
    raw.send(frame(RST_STREAM, 0, open().stream.id, uint32(ErrorCode.REFUSED_STREAM)));
  expect(atClient.error).toBeUndefined();
});

it("what comes late for streams that a server reset is not held against the client", () => {
  const { raw, atServer } = serverAndRaw({ resetRate: few, uselessFrameRate: few }, ({ stream }) =>
    stream.reset(8),
  );
  raw.begin();
  for (let i = 0; i < 200; i++) {
    const id = 2 * i + 1;
    raw.send(
      raw.headers(id, REQUEST),
      frame(DATA, 0, id, Buffer.alloc(100)),
      frame(RST_STREAM, 0, id, uint32(8)),
    );
    raw.send(raw.headers(id, fields(["x-trailer", "1"]), END_HEADERS | END_STREAM));
  }
  expect(atServer.error).toBeUndefined();
});
