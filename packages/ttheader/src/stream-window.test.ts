import type { ClientByteStream } from "@slipstream/stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { callStart } from "../test/calls.ts";
import { peer, ScriptedPeer } from "../test/scripted-peer.ts";
import { ClientSession } from "./client-session.ts";
import { resolveSessionOptions, type SessionOptions } from "./options.ts";
import type { StreamWindows } from "./stream-window.ts";

const windowBytes = 64 * 1024;
const maxBytes = 8 * windowBytes;
const budgetBytes = 4 * (maxBytes - windowBytes);
const overhead = 64;

/** A stream whose peer sends as much as it may. */
class Fed {
  readonly id: number;
  readonly stream: ClientByteStream;
  /** What the peer has been told that it may send in all, has sent, and what of it was taken. */
  limit = windowBytes;
  sentCost = 0;
  takenCost = 0;
  readonly #feed: Feed;

  constructor(feed: Feed, id: number) {
    this.#feed = feed;
    this.id = id;
    this.stream = feed.session.open(callStart());
  }

  get credit(): number {
    return this.limit - this.takenCost;
  }

  /** The peer sends a message if it may. */
  send(bytes: number): boolean {
    if (this.sentCost >= this.limit) return false;
    this.sentCost += bytes + overhead;
    this.#feed.server.send(peer.data(this.id, new Uint8Array(bytes)));
    this.#feed.hearCredit();
    return true;
  }

  /** The application takes a message that is there. */
  take(): boolean {
    const message = this.stream.tryRecv();
    this.#took(message);
    this.#feed.hearCredit();
    return message !== undefined;
  }

  /** The application waits for a message, and the peer sends it. */
  async waitFor(bytes: number): Promise<void> {
    while (this.take());
    const waiting = this.stream.recv();
    if (!this.send(bytes)) throw new Error("there is no credit, though all was taken");
    this.#took(await waiting);
  }

  #took(message: Uint8Array | undefined): void {
    if (message !== undefined) this.takenCost += message.length + overhead;
  }
}

class Feed {
  readonly server = new ScriptedPeer();
  readonly session: ClientSession;
  readonly fed: Fed[] = [];

  constructor(options: SessionOptions = {}) {
    this.session = new ClientSession(
      this.server,
      { address: "server:1", transport: "test" },
      resolveSessionOptions({
        streamWindowBytes: windowBytes,
        maxStreamWindowBytes: maxBytes,
        ...options,
      }),
    );
    this.server.receiver = this.session;
  }

  open(): Fed {
    const fed = new Fed(this, this.fed.length + 1);
    this.fed.push(fed);
    if (fed.id === 1) this.#sayHello();
    return fed;
  }

  #sayHello(): void {
    this.server.send(
      peer.meta(0, [
        ["slipstream", "1"],
        ["slipstream-window", "1000000000"],
      ]),
    );
  }

  hearCredit(): void {
    for (const { sequenceId, strings } of this.server.take()) {
      const limit = strings?.get("slipstream-window");
      const fed = this.fed[sequenceId - 1];
      if (limit === undefined || fed === undefined) continue;
      expect(Number(limit)).toBeGreaterThan(fed.limit);
      fed.limit = Number(limit);
    }
  }
}

/** Takes messages as fast as they come, until so much is taken. */
async function readFast(fed: Fed, bytes: number): Promise<void> {
  for (const end = fed.takenCost + bytes; fed.takenCost < end; ) await fed.waitFor(8192 - overhead);
}

/** The most credit that a stream is found to have when some is given. */
async function grantedTo(fed: Fed): Promise<number> {
  const { limit } = fed;
  while (fed.limit === limit) await fed.waitFor(1024 - overhead);
  return fed.credit;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the credit of a stream", () => {
  it("doubles while its messages are taken faster than they come, up to maxStreamWindowBytes", async () => {
    const fed = new Feed().open();
    const windows: number[] = [];
    for (let i = 0; i < 6; i++) windows.push((await grantedTo(fed)) / windowBytes);
    // What was used before the first time says nothing of how fast it was.
    expect(windows).toEqual([1, 2, 4, 8, 8, 8]);
  });

  it("stays what it is when that is all that is allowed", async () => {
    const fed = new Feed({ maxStreamWindowBytes: 0 }).open();
    await readFast(fed, 20 * windowBytes);
    expect(await grantedTo(fed)).toBe(windowBytes);
  });

  it("never grows above maxUnreadBytes, so that no stream with credit stops its connection", async () => {
    const feed = new Feed({ maxUnreadBytes: 3 * windowBytes });
    const fed = feed.open();
    await readFast(fed, 20 * windowBytes);
    expect(await grantedTo(fed)).toBe(3 * windowBytes);
    while (fed.send(windowBytes));
    expect(feed.server.isPaused).toBe(false);
  });

  it("does not grow for a reader whose messages wait for it", () => {
    const fed = new Feed().open();
    for (let i = 0; i < 100; i++) {
      while (fed.send(1024 - overhead));
      for (let n = 0; n < 40; n++) fed.take();
      expect(fed.credit).toBeLessThanOrEqual(windowBytes);
    }
  });

  it("falls back when a fast reader becomes a slow one, once what it was promised is used", async () => {
    const fed = new Feed().open();
    await readFast(fed, 20 * windowBytes);
    const fill = (): void => {
      while (fed.send(1024 - overhead));
    };
    // From here on no message is waited for.
    await grantedTo(fed);
    fill();
    expect(fed.credit).toBe(maxBytes);
    const { limit } = fed;
    while (fed.credit > windowBytes / 2 + 1024) {
      fed.take();
      expect(fed.limit).toBe(limit);
    }
    for (let i = 0; i < 1000; i++) {
      fed.take();
      fill();
      expect(fed.credit).toBeLessThanOrEqual(windowBytes);
    }
  });

  it("is what comes in half a second to two", async () => {
    const fed = new Feed().open();
    const windows: number[] = [];
    for (const windowsPerSecond of [3, 10, 3, 0.4]) {
      const messages = (windowBytes / 1024) * windowsPerSecond * 30;
      for (let i = 0; i < messages; i++) {
        vi.advanceTimersByTime(30_000 / messages);
        await fed.waitFor(1024 - overhead);
      }
      const { limit } = fed;
      while (fed.limit === limit) {
        vi.advanceTimersByTime(30_000 / messages);
        await fed.waitFor(1024 - overhead);
      }
      windows.push(fed.credit / windowBytes);
    }
    expect(windows).toEqual([2, 8, 4, 1]);
  });
});

/** What no stream of the connection has of what they may grow by. */
function leftOf({ session }: Feed): number {
  return (session.windows as StreamWindows).budget.leftBytes;
}

describe("all streams of a connection together", () => {
  it("grow by four times what one may, and those that come later have their first window", async () => {
    const feed = new Feed();
    const streams = Array.from({ length: 6 }, () => feed.open());
    for (const fed of streams) await readFast(fed, 40 * windowBytes);
    const windows: number[] = [];
    for (const fed of streams) windows.push((await grantedTo(fed)) / windowBytes);
    expect(windows).toEqual([8, 8, 8, 8, 1, 1]);
  });

  it.each([
    ["ends", (fed: Fed, feed: Feed) => feed.server.send(peer.trailer(fed.id))],
    ["is cancelled", (fed: Fed) => fed.stream.cancel(new Error("enough") as never)],
  ])("have what one of them had when it %s", async (_, end) => {
    const feed = new Feed();
    for (let i = 0; i < 4; i++) await readFast(feed.open(), 40 * windowBytes);
    expect(leftOf(feed)).toBe(0);
    const [first] = feed.fed as [Fed];
    while (first.send(1024));
    end(first, feed);
    const next = feed.open();
    await readFast(next, 40 * windowBytes);
    expect(await grantedTo(next)).toBe(maxBytes);
  });

  it("have it all again when the connection is lost", async () => {
    const feed = new Feed();
    for (let i = 0; i < 4; i++) await readFast(feed.open(), 40 * windowBytes);
    feed.session.onClose();
    expect(leftOf(feed)).toBe(budgetBytes);
  });

  it("never hold more unread than their first windows, a message each and what they may grow by", async () => {
    const pick = fc.nat({ max: 11 });
    const messageBytes = 20_000;
    const step = fc.oneof(
      fc.record({
        what: fc.constantFrom("fill", "take", "end", "cancel") as fc.Arbitrary<string>,
        pick,
        n: fc.nat(40),
      }),
      fc.record({ what: fc.constant("readFast"), pick, n: fc.nat({ max: 40 }) }),
      fc.record({ what: fc.constant("readFast"), pick, n: fc.nat({ max: 40 }) }),
      fc.record({ what: fc.constant("pass"), pick, n: fc.constantFrom(1, 200, 300, 1100) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
        const feed = new Feed();
        const open = new Set(Array.from({ length: 12 }, () => feed.open()));
        for (const { what, pick: at, n } of steps) {
          const fed = feed.fed[at] as Fed;
          if (what === "pass") vi.advanceTimersByTime(n);
          if (!open.has(fed)) continue;
          if (what === "fill") while (fed.send(messageBytes));
          if (what === "take") for (let i = 0; i < n; i++) fed.take();
          if (what === "readFast") await readFast(fed, n * 8192);
          if (what === "end") feed.server.send(peer.trailer(fed.id));
          if (what === "cancel") fed.stream.cancel(new Error("enough") as never);
          if (what === "end" || what === "cancel") open.delete(fed);
          let beyond = 0;
          for (const { credit } of open) {
            expect(credit).toBeLessThanOrEqual(maxBytes);
            beyond += Math.max(0, credit - windowBytes);
          }
          expect(beyond).toBeLessThanOrEqual(budgetBytes - leftOf(feed));
          expect(leftOf(feed)).toBeGreaterThanOrEqual(0);
          expect(feed.session.queuedBytes).toBeLessThanOrEqual(
            open.size * (windowBytes + messageBytes + overhead) + budgetBytes,
          );
        }
        for (const fed of open) feed.server.send(peer.trailer(fed.id));
        expect(leftOf(feed)).toBe(budgetBytes);
      }),
    );
  });
});
