import { describe, expect, it } from "vitest";
import { ErrorCode } from "../src/index.ts";
import { echo, REQUEST, RESPONSE } from "./handlers.ts";
import { clientAndRaw, Pair, serverAndRaw } from "./pair.ts";
import {
  ACK,
  DATA,
  END_HEADERS,
  frame,
  PING,
  SETTINGS,
  settings,
  uint32,
  WINDOW_UPDATE,
} from "./raw-peer.ts";

const bytes = (length: number): Uint8Array => new Uint8Array(length);

describe("what is received", () => {
  it("of a stream that is not read stops its sender, and nobody else", () => {
    const pair = new Pair({
      server: { streamWindowBytes: 100_000, connectionWindowBytes: 150_000, maxWindowBytes: 0 },
      answer(recorded, request) {
        if (request.some(({ name }) => name === "x-slow")) recorded.takesData = false;
        else echo(recorded);
      },
    });
    const slow = pair.open([...REQUEST, { name: "x-slow", value: "1" }]);
    expect(slow.stream.write(bytes(1_000_000))).toBe(false);
    pair.settle();
    expect(pair.served(slow).received).toBe(100_000);
    expect(slow.stream.bufferedBytes).toBe(900_000);

    const fast = pair.open();
    for (let i = 0; i < 10; i++) fast.stream.write(bytes(100_000));
    fast.stream.end();
    pair.settle();
    expect(fast.received).toBe(1_000_000);
    expect(pair.served(slow).received).toBe(100_000);

    // And it goes on when it is read.
    pair.served(slow).takeHeld();
    pair.settle();
    expect(pair.served(slow).received).toBe(200_000);
  });

  it("never lies unread beyond maxUnreadBytes, however many streams are not read", () => {
    const pair = new Pair({
      server: {
        streamWindowBytes: 100_000,
        connectionWindowBytes: 100_000,
        maxUnreadBytes: 350_000,
        maxWindowBytes: 0,
      },
      answer(recorded) {
        recorded.takesData = false;
      },
    });
    for (let i = 0; i < 10; i++) pair.open().stream.write(bytes(1_000_000));
    pair.settle();
    const received = (): number => pair.atServer.streams.reduce((sum, { received }) => sum + received, 0);
    expect(received()).toBe(350_000);

    for (const stream of pair.atServer.streams) stream.takeHeld();
    pair.settle();
    expect(received()).toBe(700_000);
  });

  it("is let go when its stream is over, taken or not", () => {
    const pair = new Pair({
      server: {
        streamWindowBytes: 100_000,
        connectionWindowBytes: 100_000,
        maxUnreadBytes: 100_000,
        maxWindowBytes: 0,
      },
      answer(recorded) {
        recorded.takesData = false;
      },
    });
    const first = pair.open();
    first.stream.write(bytes(200_000));
    pair.settle();
    const second = pair.open();
    second.stream.write(bytes(50_000));
    pair.settle();
    expect(pair.served(second).received).toBe(0);
    first.stream.reset(ErrorCode.CANCEL);
    pair.settle();
    expect(pair.served(second).received).toBe(50_000);
  });

  it("tells the peer in halves of the window, not for every message", () => {
    const { raw } = serverAndRaw({
      streamWindowBytes: 100_000,
      connectionWindowBytes: 100_000,
      maxWindowBytes: 0,
    });
    raw.begin({ 4: 0x7fffffff });
    raw.send(frame(WINDOW_UPDATE, 0, 0, uint32(0x7fff0000)), raw.headers(1, REQUEST));
    const before = raw.of(WINDOW_UPDATE).length;
    for (let i = 0; i < 100; i++) raw.send(frame(DATA, 0, 1, Buffer.alloc(1000)));
    expect(raw.of(WINDOW_UPDATE, 1).length).toBe(2);
    expect(raw.of(WINDOW_UPDATE, 0).length - before).toBe(2);
  });

  it("renews the connection's window along with a stream's, in one write", () => {
    const { raw, network, atServer } = serverAndRaw(
      { streamWindowBytes: 200_000, connectionWindowBytes: 200_000, maxWindowBytes: 0 },
      (recorded) => {
        recorded.takesData = false;
      },
    );
    raw.begin({ 4: 0x7fffffff });
    raw.send(raw.headers(1, REQUEST));
    for (let i = 0; i < 120; i++) raw.send(frame(DATA, 0, 1, Buffer.alloc(1000)));
    const before = network.b.writes;
    atServer.streams[0]?.takeHeld();
    network.settle();
    expect(network.b.writes - before).toBe(1);
    const increments = [0, 1].map((id) => raw.of(WINDOW_UPDATE, id).at(-1)?.payload.readUInt32BE(0));
    expect(increments).toEqual([120_000, 120_000]);
  });

  it("counts padding, and gives it back by itself", () => {
    const { raw } = serverAndRaw({ streamWindowBytes: 1000, maxWindowBytes: 0 }, () => {});
    raw.begin();
    raw.send(raw.headers(1, REQUEST));
    const padded = Buffer.concat([Buffer.from([255]), Buffer.from("a"), Buffer.alloc(255)]);
    for (let i = 0; i < 50; i++) {
      raw.send(frame(DATA, 8, 1, padded));
      const window = 1000 + raw.of(WINDOW_UPDATE, 1).reduce((sum, f) => sum + f.payload.readUInt32BE(0), 0);
      expect(window - (i + 1) * 257).toBeGreaterThanOrEqual(0);
    }
    expect(raw.goaway).toBeUndefined();
    expect(raw.resetCode(1)).toBeUndefined();
  });

  it("beyond a stream's window fails the stream; beyond the connection's, the connection", () => {
    const stream = serverAndRaw({ streamWindowBytes: 1000, maxWindowBytes: 0 }, () => {});
    stream.raw.begin();
    stream.raw.send(stream.raw.headers(1, REQUEST), frame(DATA, 0, 1, Buffer.alloc(1001)));
    expect(stream.raw.resetCode(1)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    expect(stream.raw.goaway).toBeUndefined();

    const all = serverAndRaw(
      { streamWindowBytes: 1_000_000, connectionWindowBytes: 100_000, maxUnreadBytes: 0 },
      (s) => {
        s.takesData = false;
      },
    );
    all.raw.begin();
    all.raw.send(all.raw.headers(1, REQUEST));
    for (let i = 0; i < 11; i++) all.raw.send(frame(DATA, 0, 1, Buffer.alloc(100_000)));
    expect(all.raw.goaway?.code).toBe(ErrorCode.FLOW_CONTROL_ERROR);
  });

  it("may be as much as the initial window of RFC 9113 until a smaller one of ours is acknowledged", () => {
    const { raw, atServer } = serverAndRaw({ streamWindowBytes: 1000, maxWindowBytes: 0 }, (s) => {
      s.takesData = false;
    });
    raw.isPolite = false;
    raw.begin();
    raw.send(raw.headers(1, REQUEST), frame(DATA, 0, 1, Buffer.alloc(60_000)));
    expect(atServer.streams[0]?.received).toBe(60_000);
    raw.send(frame(SETTINGS, ACK, 0), raw.headers(3, REQUEST), frame(DATA, 0, 3, Buffer.alloc(1001)));
    expect(raw.resetCode(3)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    expect(raw.resetCode(1)).toBeUndefined();
    // 60000 of 65535 were used; the window is now 1000 - 60000.
    raw.send(frame(DATA, 0, 1, Buffer.alloc(0)));
    expect(raw.resetCode(1)).toBeUndefined();
    raw.send(frame(DATA, 0, 1, Buffer.alloc(1)));
    expect(raw.resetCode(1)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
  });

  it("may go on when a smaller window that is acknowledged was used already, and read", () => {
    const { raw } = serverAndRaw({ streamWindowBytes: 1000, maxWindowBytes: 0 }, () => {});
    raw.isPolite = false;
    raw.begin();
    raw.send(raw.headers(1, REQUEST), frame(DATA, 0, 1, Buffer.alloc(30_000)));
    expect(raw.of(WINDOW_UPDATE, 1)).toEqual([]);
    raw.send(frame(SETTINGS, ACK, 0));
    const [update] = raw.of(WINDOW_UPDATE, 1);
    // The window is 1000 - 30000 for the peer, and 1000 after this.
    expect(update?.payload.readUInt32BE(0)).toBe(30_000);
  });

  it("may go on when a reader lagged behind while a smaller window was not acknowledged", () => {
    const { raw, network, atServer } = serverAndRaw({ streamWindowBytes: 1000, maxWindowBytes: 0 }, (s) => {
      s.takesData = false;
    });
    raw.isPolite = false;
    raw.begin();
    raw.send(raw.headers(1, REQUEST), frame(DATA, 0, 1, Buffer.alloc(40_000)));
    atServer.streams[0]?.stream.consume(33_000);
    raw.send(frame(SETTINGS, ACK, 0));
    atServer.streams[0]?.stream.consume(7000);
    network.settle();
    const given = raw.of(WINDOW_UPDATE, 1).reduce((sum, f) => sum + f.payload.readUInt32BE(0), 0);
    // The window is 1000 again.
    expect(given).toBe(40_000);
  });

  it("lets windows grow, up to a limit, when a round trip brings more than they hold", () => {
    const { raw, atServer } = serverAndRaw({ streamWindowBytes: 100_000, maxWindowBytes: 400_000 }, () => {});
    raw.isPolite = false;
    raw.begin();
    raw.send(raw.headers(1, REQUEST));
    const granted = (): number =>
      100_000 + raw.of(WINDOW_UPDATE, 1).reduce((sum, f) => sum + f.payload.readUInt32BE(0), 0);
    let sent = 0;
    const fill = (upTo: number): void => {
      while (sent < Math.min(granted(), upTo)) {
        const size = Math.min(16_000, granted() - sent);
        raw.send(frame(DATA, 0, 1, Buffer.alloc(size)));
        sent += size;
      }
    };
    raw.send(frame(DATA, 0, 1, Buffer.alloc(30_000)));
    sent += 30_000;
    expect(raw.of(PING).length).toBe(1);
    // Within the round trip, as much as a peer with a fast link would send.
    fill(500_000);
    raw.send(frame(PING, ACK, 0, raw.of(PING)[0]?.payload));
    fill(2_000_000);
    expect(granted() - sent).toBeLessThanOrEqual(400_000);
    expect(atServer.error).toBeUndefined();
    expect(Math.max(...raw.of(WINDOW_UPDATE, 1).map((f) => f.payload.readUInt32BE(0)))).toBeGreaterThan(
      100_000,
    );
  });

  it.each([
    ["grow, up to a limit, while it is read as fast as it comes", true, 400_000],
    ["stay as they are for a reader that lags behind", false, 100_000],
  ])("lets windows %s", (_, keepsUp, expected) => {
    const { raw, network, atServer } = serverAndRaw(
      { streamWindowBytes: 100_000, maxWindowBytes: 400_000 },
      (recorded) => {
        recorded.takesData = keepsUp;
      },
    );
    raw.begin();
    raw.send(raw.headers(1, REQUEST));
    let granted = 100_000;
    let largest = granted;
    // Many times, since how fast this goes is the machine's business.
    for (let i = 0, sent = 0; i < 500 && largest < 400_000; i++) {
      for (; sent < granted; sent += 10_000) raw.send(frame(DATA, 0, 1, Buffer.alloc(10_000)));
      atServer.streams[0]?.takeHeld();
      network.settle();
      granted = 100_000 + raw.of(WINDOW_UPDATE, 1).reduce((sum, f) => sum + f.payload.readUInt32BE(0), 0);
      largest = Math.max(largest, granted - sent);
    }
    expect(largest).toBe(expected);
  });

  it("asks for no window that would make one that has grown larger than there may be", () => {
    const { raw, network, atServer, server } = serverAndRaw(
      { streamWindowBytes: 100_000, maxWindowBytes: 400_000 },
      () => {},
    );
    raw.begin();
    raw.send(raw.headers(1, REQUEST));
    let granted = 100_000;
    let largest = granted;
    let sent = 0;
    // Many times, since how fast this goes is the machine's business.
    for (let i = 0; i < 500 && largest < 400_000; i++) {
      for (; sent < granted; sent += 10_000) raw.send(frame(DATA, 0, 1, Buffer.alloc(10_000)));
      network.settle();
      granted = 100_000 + raw.of(WINDOW_UPDATE, 1).reduce((sum, f) => sum + f.payload.readUInt32BE(0), 0);
      largest = Math.max(largest, granted - sent);
    }
    expect(granted - sent).toBe(400_000);
    server.changeSettings({ streamWindowBytes: 0x7fffffff });
    network.settle();
    const initial = raw.of(SETTINGS).at(-1)?.payload.readUInt32BE(2) as number;
    expect(granted - sent + initial - 100_000).toBe(0x7fffffff);
    expect(atServer.error).toBeUndefined();
  });

  it("measures nothing when windows may not grow", () => {
    const pair = clientAndRaw({ streamWindowBytes: 65_536, maxWindowBytes: 0 });
    pair.raw.begin({}, false);
    const call = pair.open();
    pair.raw.send(pair.raw.headers(call.stream.id, RESPONSE));
    for (let i = 0; i < 4; i++) pair.raw.send(frame(DATA, 0, call.stream.id, Buffer.alloc(16_000)));
    expect(pair.raw.of(PING)).toEqual([]);
  });
});

describe("what is sent", () => {
  it("waits for the stream's window, then tells that there is room", () => {
    const { raw, open, network } = clientAndRaw();
    raw.begin({ 4: 10 }, false);
    const call = open();
    expect(call.stream.write(bytes(25))).toBe(false);
    call.stream.write(bytes(5));
    call.stream.end();
    network.settle();
    const sizes = (): number[] => raw.of(DATA, call.stream.id).map(({ payload }) => payload.length);
    expect(sizes()).toEqual([10]);
    raw.send(frame(WINDOW_UPDATE, 0, call.stream.id, uint32(7)));
    expect(sizes()).toEqual([10, 7]);
    raw.send(frame(WINDOW_UPDATE, 0, call.stream.id, uint32(100)));
    expect(sizes().reduce((a, b) => a + b)).toBe(30);
    expect(raw.of(DATA, call.stream.id).at(-1)?.flags).toBe(1);
    expect(call.drains).toBe(1);
  });

  it("is drained once the windows have let out everything", () => {
    const { raw, open } = clientAndRaw();
    raw.begin({ 4: 10 }, false);
    const call = open();
    expect(call.stream.write(bytes(25))).toBe(false);
    raw.send(frame(WINDOW_UPDATE, 0, call.stream.id, uint32(10)));
    expect([call.drains, call.stream.bufferedBytes]).toEqual([0, 5]);
    raw.send(frame(WINDOW_UPDATE, 0, call.stream.id, uint32(10)));
    expect([call.drains, call.stream.bufferedBytes]).toEqual([1, 0]);
    expect(call.stream.write(bytes(5))).toBe(true);
    expect(call.stream.write(bytes(1))).toBe(false);
  });

  it("follows an initial window that changes, below 0 and back", () => {
    const { raw, open, network } = clientAndRaw();
    raw.begin({ 4: 100 }, false);
    const call = open();
    call.stream.write(bytes(300));
    network.settle();
    const sent = (): number =>
      raw.of(DATA, call.stream.id).reduce((sum, { payload }) => sum + payload.length, 0);
    expect(sent()).toBe(100);
    raw.send(frame(SETTINGS, 0, 0, settings({ 4: 20 })));
    raw.send(frame(WINDOW_UPDATE, 0, call.stream.id, uint32(80)));
    expect(sent()).toBe(100);
    raw.send(frame(WINDOW_UPDATE, 0, call.stream.id, uint32(1)));
    expect(sent()).toBe(101);
    raw.send(frame(SETTINGS, 0, 0, settings({ 4: 1000 })));
    expect(sent()).toBe(300);
  });

  it("takes turns when streams compete for the connection's window", () => {
    const { raw, open, network } = clientAndRaw();
    raw.begin({ 4: 0x7fffffff }, false);
    const calls = [open(), open(), open()];
    for (const call of calls) call.stream.write(bytes(200_000));
    network.settle();
    const sent = (): number[] =>
      calls.map(({ stream }) =>
        raw.of(DATA, stream.id).reduce((sum, { payload }) => sum + payload.length, 0),
      );
    // The first had the window for itself.
    expect(sent()).toEqual([65_535, 0, 0]);
    for (let i = 0; i < 4; i++) raw.send(frame(WINDOW_UPDATE, 0, 0, uint32(16_384 * 3)));
    expect(sent()).toEqual([65_535 + 65_536, 65_536, 65_536]);
  });

  it("of many streams goes on in turns after a full link", () => {
    const { raw, open, network } = clientAndRaw();
    raw.begin({ 4: 0x7fffffff }, false);
    raw.send(frame(WINDOW_UPDATE, 0, 0, uint32(0x7fffffff - 65_535)));
    const calls = Array.from({ length: 4 }, () => open());
    network.a.hold(true);
    const first = calls[0];
    while (first?.stream.write(bytes(10_000)) === true) network.settle();
    for (const call of calls) expect(call.stream.write(bytes(100_000))).toBe(false);
    network.a.hold(false);
    network.settle();
    for (const call of calls) {
      expect(call.drains).toBe(1);
      expect(
        raw.of(DATA, call.stream.id).reduce((sum, { payload }) => sum + payload.length, 0),
      ).toBeGreaterThanOrEqual(100_000);
    }
  });

  it("comes in frames no longer than the peer and the option allow", () => {
    const { raw, open, network } = clientAndRaw({ maxSendFrameBytes: 30_000 });
    raw.begin({ 4: 0x7fffffff, 5: 20_000 }, false);
    const call = open();
    call.stream.write(bytes(50_000));
    network.settle();
    expect(raw.of(DATA).map(({ payload }) => payload.length)).toEqual([20_000, 20_000, 10_000]);
    raw.send(frame(SETTINGS, 0, 0, settings({ 5: 1 << 20 })), frame(WINDOW_UPDATE, 0, 0, uint32(1 << 20)));
    call.stream.write(bytes(50_000));
    network.settle();
    expect(
      raw
        .of(DATA)
        .slice(3)
        .map(({ payload }) => payload.length),
    ).toEqual([30_000, 20_000]);
  });

  it.each([
    ["a stream's", 1],
    ["the connection's", 0],
  ])("fails with FLOW_CONTROL_ERROR when the peer makes %s window too large", (_, streamId) => {
    const { raw } = serverAndRaw();
    raw.begin();
    raw.send(raw.headers(1, REQUEST, END_HEADERS), frame(WINDOW_UPDATE, 0, streamId, uint32(0x7fffffff)));
    const code = streamId === 0 ? raw.goaway?.code : raw.resetCode(1);
    expect(code).toBe(ErrorCode.FLOW_CONTROL_ERROR);
  });
});
