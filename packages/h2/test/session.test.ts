import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ErrorCode, H2Error, type OpenWaiter } from "../src/index.ts";
import { fields, REQUEST, RESPONSE } from "./handlers.ts";
import { clientAndRaw, Pair, serverAndRaw } from "./pair.ts";
import {
  ACK,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  settings,
  uint32,
} from "./raw-peer.ts";

const goaway = (last: number, code: number, debug = ""): Buffer =>
  frame(GOAWAY, 0, 0, Buffer.concat([uint32(last, code), Buffer.from(debug)]));

/** Opens a stream in its turn, and says so. */
class Waiter implements OpenWaiter {
  readonly #log: string[];
  readonly #name: string;
  readonly #open: () => void;
  error: Error | undefined;

  constructor(log: string[], name: string, open: () => void = () => {}) {
    this.#log = log;
    this.#name = name;
    this.#open = open;
  }
  onCanOpen(): void {
    this.#log.push(this.#name);
    this.#open();
  }
  onCannotOpen(error: Error): void {
    this.#log.push(`not ${this.#name}`);
    this.error = error;
  }
}

describe("opening streams", () => {
  it("uses odd ids in order", () => {
    const pair = new Pair();
    expect([pair.open(), pair.open(), pair.open()].map(({ stream }) => stream.id)).toEqual([1, 3, 5]);
  });

  it("waits for the peer's MAX_CONCURRENT_STREAMS, first come, first served", () => {
    const { raw, network, client, open } = clientAndRaw();
    raw.begin({ 3: 2 }, false);
    const calls = [open(), open()];
    expect(client.canOpen()).toBe(false);
    expect(() => client.open(calls[0] as never, [], REQUEST)).toThrow("2 are open");
    const log: string[] = [];
    for (const name of ["a", "b", "c"]) client.awaitOpen(new Waiter(log, name, () => calls.push(open())));
    network.settle();
    expect(log).toEqual([]);
    calls[0]?.stream.reset(8);
    network.settle();
    expect(log).toEqual(["a"]);
    // Nobody overtakes those who wait.
    calls[1]?.stream.reset(8);
    expect(client.canOpen()).toBe(false);
    network.settle();
    expect(log).toEqual(["a", "b"]);
    raw.send(frame(SETTINGS, 0, 0, settings({ 3: 10 })));
    expect(log).toEqual(["a", "b", "c"]);
    expect(client.canOpen()).toBe(true);
    expect(client.peerSettings.maxConcurrentStreams).toBe(10);
  });

  it("gives the turn of one that does not use it to the next, and none to one that gave up", () => {
    const { raw, network, client, open } = clientAndRaw();
    raw.begin({ 3: 1 }, false);
    const call = open();
    const log: string[] = [];
    const gone = new Waiter(log, "gone");
    client.awaitOpen(gone);
    client.awaitOpen(new Waiter(log, "idle"));
    client.awaitOpen(new Waiter(log, "last", () => open()));
    client.cancelOpen(gone);
    call.stream.reset(8);
    network.settle();
    expect(log).toEqual(["idle", "last"]);
  });

  it("calls a waiter later even if there is room", () => {
    const pair = new Pair();
    const log: string[] = [];
    pair.client.awaitOpen(new Waiter(log, "a"));
    expect(log).toEqual([]);
    pair.settle();
    expect(log).toEqual(["a"]);
  });

  it("allows 100 streams until the peer's SETTINGS come", () => {
    const { raw, client, open } = clientAndRaw();
    for (let i = 0; i < 100; i++) open();
    expect(client.canOpen()).toBe(false);
    raw.begin({}, false);
    expect(client.canOpen()).toBe(true);
  });

  it("waits while the link is full", () => {
    const { raw, network, client, open } = clientAndRaw();
    raw.begin({ 4: 0x7fffffff }, false);
    network.a.hold(true);
    const call = open();
    expect(call.stream.write(new Uint8Array(65_535))).toBe(true);
    network.settle();
    expect(client.canOpen()).toBe(false);
    const log: string[] = [];
    client.awaitOpen(new Waiter(log, "a"));
    network.settle();
    expect(log).toEqual([]);
    network.a.hold(false);
    network.settle();
    expect(log).toEqual(["a"]);
  });

  it("ends with the ids, and says so before it fails", () => {
    const pair = new Pair({ client: { maxStreams: 2 } });
    pair.open();
    expect(pair.client.isUsable).toBe(true);
    const last = pair.open();
    expect(pair.client.isUsable).toBe(false);
    expect(pair.atClient.events.map(({ type }) => type)).toEqual(["ids_used_up"]);
    expect(() => pair.open()).toThrow("no stream ids left");
    last.stream.end();
    pair.settle();
    expect(last.isClosed).toBe(true);
    expect(pair.atClient.isClosed).toBe(false);
  });

  it("takes the highest id of a client", () => {
    const { raw, atServer } = serverAndRaw();
    raw.begin();
    raw.send(raw.headers(0x7fffffff, REQUEST, END_HEADERS | END_STREAM));
    expect(raw.of(HEADERS, 0x7fffffff).length).toBe(2);
    expect(atServer.error).toBeUndefined();
  });
});

describe("the peer's GOAWAY", () => {
  it("closes the streams that it did not look at, lets the others end, and then the connection", () => {
    const { raw, client, atClient, open, network } = clientAndRaw();
    raw.begin({}, false);
    const [first, second] = [open(), open()];
    raw.send(goaway(1, ErrorCode.NO_ERROR, "bye"));
    expect(second.reason).toMatchObject({ by: "connection", unprocessed: true });
    expect(first.isClosed).toBe(false);
    expect(atClient.goaways).toEqual([{ last: 1, code: 0, debug: "bye" }]);
    expect([client.isUsable, client.canOpen()]).toEqual([false, false]);
    expect(() => open()).toThrow("GOAWAY");
    first.stream.end();
    raw.send(raw.headers(1, RESPONSE, END_HEADERS | END_STREAM));
    expect(first.reason).toBeUndefined();
    expect(first.isClosed).toBe(true);
    network.settle();
    expect(atClient.isClosed).toBe(true);
    expect(atClient.error).toBeUndefined();
    expect(raw.isClosed).toBe(true);
  });

  it("in two steps lets streams go on that were opened in between", () => {
    const { raw, atClient, open } = clientAndRaw();
    raw.begin({}, false);
    const call = open();
    raw.send(goaway(0x7fffffff, 0), goaway(1, 0));
    expect(call.isClosed).toBe(false);
    expect(atClient.goaways.length).toBe(2);
  });

  it("refuses those who wait to open", () => {
    const { raw, client, open, network } = clientAndRaw();
    raw.begin({ 3: 1 }, false);
    open();
    const log: string[] = [];
    client.awaitOpen(new Waiter(log, "a"));
    network.settle();
    raw.send(goaway(1, 0));
    expect(log).toEqual(["not a"]);
    client.awaitOpen(new Waiter(log, "b"));
    network.settle();
    expect(log).toEqual(["not a", "not b"]);
  });
});

describe("shutdown", () => {
  it("of a server says the highest id, then after a round trip the last one, and takes what came meanwhile", () => {
    const { raw, server, atServer, network } = serverAndRaw({}, () => {});
    raw.isPolite = false;
    raw.begin();
    raw.send(frame(SETTINGS, ACK, 0), raw.headers(1, REQUEST, END_HEADERS | END_STREAM));
    server.shutdown({ debug: "maintenance" });
    network.settle();
    expect(raw.of(GOAWAY).map(({ payload }) => payload.readUInt32BE(0))).toEqual([0x7fffffff]);
    expect(raw.goaway).toEqual({ code: 0, text: "maintenance" });
    // A request that was under way.
    raw.send(raw.headers(3, REQUEST, END_HEADERS | END_STREAM));
    expect(atServer.streams.length).toBe(2);
    raw.send(frame(PING, ACK, 0, raw.of(PING).at(-1)?.payload));
    expect(raw.of(GOAWAY).map(({ payload }) => payload.readUInt32BE(0))).toEqual([0x7fffffff, 3]);
    // One that came too late is not looked at, nor answered.
    raw.send(raw.headers(5, REQUEST), frame(DATA, 0, 5, Buffer.alloc(10)));
    expect(atServer.streams.length).toBe(2);
    expect(raw.resetCode(5)).toBeUndefined();
    for (const { stream } of atServer.streams) stream.respond(RESPONSE, undefined, true);
    network.settle();
    expect(raw.of(HEADERS).length).toBe(2);
    expect(atServer.isClosed).toBe(true);
    expect(atServer.error).toBeUndefined();
    expect(raw.isClosed).toBe(true);
  });

  it("of both sides of a session lets open streams end", () => {
    for (const side of ["client", "server"] as const) {
      const pair = new Pair();
      const call = pair.open();
      pair.settle();
      pair[side].shutdown();
      pair[side].shutdown();
      pair.settle();
      expect(pair.client.isUsable).toBe(false);
      call.stream.write(new Uint8Array(10));
      call.stream.end();
      pair.settle();
      expect([call.isClosed, call.reason, call.received]).toEqual([true, undefined, 10]);
      expect([pair.atClient.isClosed, pair.atServer.isClosed]).toEqual([true, true]);
      expect([pair.atClient.error, pair.atServer.error]).toEqual([undefined, undefined]);
    }
  });

  it("of a session without streams closes it at once", () => {
    const pair = new Pair();
    pair.server.shutdown();
    pair.settle();
    expect([pair.atClient.isClosed, pair.atServer.isClosed]).toEqual([true, true]);
  });

  it("resets what is still open after the grace, with any code", async () => {
    const pair = new Pair({ answer: () => {} });
    const call = pair.open();
    pair.settle();
    const closed = new Promise<void>((resolve) => {
      pair.atServer.whenClosed = resolve;
    });
    pair.server.shutdown({ graceMs: 1, resetCode: 1000 });
    pair.settle();
    await closed;
    pair.settle();
    expect(call.reason).toMatchObject({ by: "peer", code: 1000 });
  });

  it("refuses new streams of ours", () => {
    const pair = new Pair();
    const call = pair.open();
    pair.client.shutdown();
    expect(() => pair.open()).toThrow("shuts down");
    call.stream.end();
    pair.settle();
    expect(pair.atClient.isClosed).toBe(true);
  });
});

describe("destroy", () => {
  it("says why and closes everything", () => {
    const pair = new Pair({ answer: () => {} });
    const call = pair.open();
    pair.settle();
    const log: string[] = [];
    pair.client.awaitOpen(new Waiter(log, "a"));
    let rtt: number | undefined = 1;
    pair.client.ping((ms) => {
      rtt = ms;
    });
    pair.client.destroy(ErrorCode.ENHANCE_YOUR_CALM, "enough");
    expect(call.reason).toMatchObject({
      by: "connection",
      code: ErrorCode.ENHANCE_YOUR_CALM,
      message: "enough",
    });
    expect(pair.atClient.error).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM });
    expect(log).toEqual(["not a"]);
    expect(rtt).toBeUndefined();
    pair.settle();
    expect(pair.atServer.goaways).toEqual([{ last: 0, code: ErrorCode.ENHANCE_YOUR_CALM, debug: "enough" }]);
    expect(pair.atServer.isClosed).toBe(true);
    pair.client.destroy();
    pair.client.shutdown();
    pair.client.changeSettings({ maxConcurrentStreams: 1 });
    call.stream.write(new Uint8Array(1));
    expect(() => pair.open()).toThrow(H2Error);
    pair.client.ping((ms) => {
      rtt = ms;
    });
    expect(rtt).toBeUndefined();
  });

  it("from within any handler stops what is being read", () => {
    for (const event of ["onData", "onEnd", "onClose"] as const) {
      const pair = new Pair({
        answer(recorded) {
          recorded[event] = () => pair.server.destroy();
        },
      });
      const calls = [pair.open(), pair.open()];
      for (const { stream } of calls) {
        stream.write(new Uint8Array(10));
        stream.end();
        if (event === "onClose") stream.reset(8);
      }
      pair.settle();
      expect(pair.atServer.isClosed).toBe(true);
      expect(pair.atServer.error).toBeUndefined();
      for (const call of calls) expect(call.isClosed).toBe(true);
    }
  });
});

describe("a link that ends", () => {
  it("closes the streams that are open", () => {
    const pair = new Pair({ answer: () => {} });
    const call = pair.open();
    pair.settle();
    pair.network.b.destroy();
    pair.settle();
    expect(call.reason).toMatchObject({ by: "connection", unprocessed: false });
    expect(pair.atClient.error?.message).toContain("1 streams open");
    expect(pair.atClient.isClosed).toBe(true);
  });

  it("with an error gives it to the session", () => {
    const pair = new Pair();
    pair.network.a.close(new Error("cable cut"));
    pair.settle();
    expect(pair.atClient.error?.message).toBe("cable cut");
  });

  it("is no error when nothing was going on", () => {
    const pair = new Pair();
    pair.network.b.destroy();
    pair.settle();
    expect([pair.atClient.isClosed, pair.atClient.error]).toEqual([true, undefined]);
  });

  it("before SETTINGS is an error", () => {
    const { network, atClient } = clientAndRaw();
    network.b.destroy();
    network.settle();
    expect(atClient.error).toBeInstanceOf(H2Error);
  });
});

describe("ping", () => {
  it("measures a round trip", async () => {
    const pair = new Pair();
    let rtt: number | undefined;
    pair.client.ping((ms) => {
      rtt = ms;
    });
    await delay(5);
    pair.settle();
    expect(rtt).toBeGreaterThanOrEqual(4);
  });

  it("answers the peer's with the same bytes, and ignores answers to nothing", () => {
    const { raw, atServer } = serverAndRaw();
    raw.begin();
    const payload = Buffer.from("01234567");
    raw.send(frame(PING, 0, 0, payload), frame(PING, ACK, 0, payload));
    expect(raw.of(PING).map((f) => [f.flags, f.payload.toString()])).toEqual([[ACK, "01234567"]]);
    expect(atServer.error).toBeUndefined();
  });
});

describe("settings that change while streams are open", () => {
  it("of ours are obeyed by the peer: windows, tables, streams, lists, frames", () => {
    const pair = new Pair({ answer: (recorded) => recorded.stream.respond(RESPONSE) });
    const call = pair.open();
    pair.settle();
    pair.served(call).takesData = false;
    pair.server.changeSettings({
      streamWindowBytes: 1000,
      headerTableBytes: 64,
      maxConcurrentStreams: 2,
      maxHeaderListBytes: 500,
      maxFrameBytes: 16_384,
    });
    pair.settle();
    expect(pair.client.peerSettings).toMatchObject({
      initialWindowSize: 1000,
      headerTableSize: 64,
      maxConcurrentStreams: 2,
      maxHeaderListSize: 500,
      maxFrameSize: 16_384,
    });
    call.stream.write(new Uint8Array(5000));
    pair.settle();
    expect(pair.served(call).received).toBe(1000);
    const other = pair.open([...REQUEST, ...fields(["x-a", "1"])]);
    expect(pair.client.canOpen()).toBe(false);
    pair.server.changeSettings({ streamWindowBytes: 3000, headerTableBytes: 4096, maxConcurrentStreams: 3 });
    pair.settle();
    expect(pair.served(call).received).toBe(3000);
    expect(pair.client.canOpen()).toBe(true);
    for (let i = 0; i < 3; i++) pair.served(call).takeHeld();
    pair.settle();
    expect(pair.served(call).received).toBe(5000);
    expect(other.isClosed).toBe(false);
    expect([pair.atClient.error, pair.atServer.error]).toEqual([undefined, undefined]);
  });

  it("of the peer's table are followed, smaller and larger", () => {
    const { raw, open } = clientAndRaw();
    raw.begin({}, false);
    const request = [...REQUEST, ...fields(["x-a", "value"])];
    const sizes = (): number | undefined => raw.of(HEADERS).at(-1)?.payload.length;
    open(request);
    open(request);
    const small = sizes() as number;
    raw.send(frame(SETTINGS, 0, 0, settings({ 1: 0 })), frame(SETTINGS, 0, 0, settings({ 1: 100 })));
    open(request);
    // It begins with the smallest size and the one that is in force.
    expect([...(raw.of(HEADERS).at(-1)?.payload.subarray(0, 3) ?? [])]).toEqual([0x20, 0x3f, 69]);
    expect(sizes()).toBeGreaterThan(small);
    for (const headers of raw.of(HEADERS)) expect(raw.fieldsOf(headers).length).toBe(5);
  });

  it.each([
    ["a window of 2^31", { 4: 0x80000000 }, ErrorCode.FLOW_CONTROL_ERROR],
    ["frames of less than 16384", { 5: 16_383 }, ErrorCode.PROTOCOL_ERROR],
    ["frames of more than 2^24-1", { 5: 1 << 24 }, ErrorCode.PROTOCOL_ERROR],
    ["a push that is neither on nor off", { 2: 2 }, ErrorCode.PROTOCOL_ERROR],
  ])("end the connection when they say %s", (_, values: Record<number, number>, code) => {
    const { raw } = serverAndRaw();
    raw.begin();
    raw.send(frame(SETTINGS, 0, 0, settings(values)));
    expect(raw.goaway?.code).toBe(code);
  });

  it("end the connection when they make an open stream's window too large", () => {
    const { raw } = serverAndRaw({}, () => {});
    raw.begin();
    raw.send(raw.headers(1, REQUEST), frame(8, 0, 1, uint32(0x7fffffff - 65_535)));
    raw.send(frame(SETTINGS, 0, 0, settings({ 4: 65_536 })));
    expect(raw.goaway?.code).toBe(ErrorCode.FLOW_CONTROL_ERROR);
  });

  it("that are unknown are ignored", () => {
    const { raw, atServer } = serverAndRaw();
    raw.begin({ 0xff: 1, 0: 2 });
    expect(atServer.error).toBeUndefined();
    expect(raw.of(SETTINGS).map(({ flags }) => flags)).toEqual([0, ACK]);
  });
});

describe("options", () => {
  it.each([
    [{ maxFrameBytes: 100 }, "maxFrameBytes must be a number from 16384 to 16777215, not 100"],
    [{ streamWindowBytes: 2 ** 31 }, "streamWindowBytes"],
    [{ handshakeTimeoutMs: Number.NaN }, "handshakeTimeoutMs"],
    [{ maxConcurrentStreams: -1 }, "maxConcurrentStreams"],
  ])("%j are refused", (options, message) => {
    expect(() => new Pair({ client: options })).toThrow(RangeError);
    expect(() => new Pair({ server: options })).toThrow(message);
  });
});

it("RST_STREAM of an open stream is told once", () => {
  const { raw, atServer } = serverAndRaw({}, () => {});
  raw.begin();
  raw.send(raw.headers(1, REQUEST), frame(RST_STREAM, 0, 1, uint32(8)), frame(RST_STREAM, 0, 1, uint32(8)));
  expect(atServer.streams[0]?.events).toEqual(["request", "close peer 8"]);
});
