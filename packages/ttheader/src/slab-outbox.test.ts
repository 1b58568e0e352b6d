import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { fuzzRuns, fuzzTimeoutMs, join } from "../test/arbitrary-frames.ts";
import { type Framing, streamFraming } from "./frame-reader.ts";
import type { Link } from "./link.ts";
import { SlabOutbox } from "./slab-outbox.ts";

vi.setConfig({ testTimeout: fuzzTimeoutMs });

/** Keeps the chunks themselves, as a socket does whose peer is slow, and reads them when it is told to. */
class SlowLink implements Link {
  readonly framing: Framing = streamFraming;
  readonly flushes: (() => void)[] = [];
  readonly read: Uint8Array[] = [];
  isFast = true;
  #held: Uint8Array[] = [];

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    this.#held.push(...chunks);
    if (this.isFast) this.drain();
    return this.isEmpty;
  }

  drain(): void {
    this.read.push(join(this.#held));
    this.#held = [];
  }

  schedule(flush: () => void): void {
    this.flushes.push(flush);
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

interface Connection {
  readonly link: SlowLink;
  readonly outbox: SlabOutbox;
  readonly written: Uint8Array[];
}

function connection(): Connection {
  const link = new SlowLink();
  return { link, outbox: new SlabOutbox(link, () => {}), written: [] };
}

let lastByte = 0;

function write({ outbox, written }: Connection, size: number): void {
  lastByte = (lastByte + 1) & 0xff;
  const payload = new Uint8Array(size).fill(lastByte);
  const at = outbox.reserve(0, payload);
  // What was let go of may be written again at once.
  outbox.commit(at, payload, () => payload.fill(0));
  written.push(new Uint8Array(size).fill(lastByte));
}

it("sends every byte as it was written, whatever the links of the other connections still hold", () => {
  const step = fc.record({
    connection: fc.nat(2),
    what: fc.constantFrom("write", "write", "write", "flush", "slow", "drain", "close"),
    size: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 40_000 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const connections = [connection(), connection(), connection()];
      for (const { connection: index, what, size } of steps) {
        const one = connections[index] as Connection;
        if (what === "write") write(one, size);
        else if (what === "flush") for (const flush of one.link.flushes.splice(0)) flush();
        else if (what === "slow") one.link.isFast = false;
        else if (what === "close") {
          one.outbox.close();
          connections[index] = connection();
        } else {
          one.link.isFast = true;
          one.link.drain();
          one.outbox.onDrain();
        }
      }
      for (const { link, outbox, written } of connections) {
        link.isFast = true;
        link.drain();
        outbox.onDrain();
        outbox.flush();
        expect(Buffer.concat(link.read).equals(Buffer.concat(written))).toBe(true);
      }
    }),
    { numRuns: fuzzRuns },
  );
});

it("writes on over what the link has taken, instead of taking new memory", () => {
  const one = connection();
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 1_000; i++) {
    write(one, 4_000);
    buffers.add(one.outbox.bytes.buffer);
    one.outbox.flush();
  }
  // What another test left in the first one may still be held.
  expect(buffers.size).toBeLessThanOrEqual(2);
});

it("hands out the beginning of a turn soon, then more and more at once", () => {
  const one = connection();
  const { link } = one;
  const kib = (): number[] => link.read.splice(0).map((bytes) => bytes.length / 1024);
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < 600; i++) write(one, 1024);
    expect(kib()).toEqual([8, 32, 128, 256]);
    expect(link.flushes).toHaveLength(1);
    link.flushes.pop()?.();
    expect(kib()).toEqual([176]);
  }
});

it("hands out calls sooner", () => {
  const one = connection();
  for (let i = 0; i < 30; i++) {
    one.outbox.beginCall();
    write(one, 100);
  }
  expect(one.link.read.map((bytes) => bytes.length)).toEqual([1_600]);
});

it("keeps frames whole where each chunk is a message", () => {
  const messages: Uint8Array[] = [];
  const link: Link = Object.assign(new SlowLink(), {
    chunksAreMessages: true,
    write: (chunks: readonly Uint8Array[]) => messages.push(...chunks.map((chunk) => chunk.slice())) > 0,
  });
  const outbox = new SlabOutbox(link, () => {});
  for (const size of [10, 70_000, 3_000, 60_000, 8_000]) {
    const payload = new Uint8Array(size).fill(size & 0xff);
    outbox.commit(outbox.reserve(0, payload), payload);
  }
  outbox.flush();
  const cuts = messages.map((message) => message.length);
  expect([10, 70_010, 73_010, 133_010, 141_010]).toEqual(
    expect.arrayContaining(cuts.map((_, i) => cuts.slice(0, i + 1).reduce((sum, length) => sum + length))),
  );
});

it("keeps no memory that a very large message took", () => {
  const link: Link = Object.assign(new SlowLink(), { chunksAreMessages: true, write: () => true });
  const outbox = new SlabOutbox(link, () => {});
  for (const size of [8 * 1024 * 1024, 10]) {
    outbox.commit(outbox.reserve(0, new Uint8Array(size)), new Uint8Array(size));
    if (size > 10) outbox.flush();
  }
  expect(outbox.bytes.length).toBeLessThanOrEqual(1024 * 1024);
  outbox.flush();
});
