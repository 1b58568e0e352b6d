import { describe, expect, it } from "vitest";
import type { Link } from "./link.ts";
import { Output } from "./output.ts";
import { SendQueue } from "./send-queue.ts";

/** Keeps what it was given until it is told to let go. */
class HoldingLink implements Link {
  isEmpty = true;
  isSlow = false;
  writes = 0;
  readonly held: { chunk: Uint8Array; copy: Uint8Array }[] = [];
  readonly buffers = new Set<ArrayBufferLike>();
  #flush: (() => void) | undefined;

  write(chunks: readonly Uint8Array[]): boolean {
    this.writes++;
    for (const chunk of chunks) {
      this.buffers.add(chunk.buffer);
      if (this.isSlow) this.held.push({ chunk, copy: new Uint8Array(chunk) });
    }
    this.isEmpty = this.held.length === 0;
    return true;
  }

  get changed(): number {
    return this.held.filter(({ chunk, copy }) => chunk.some((byte, i) => byte !== copy[i])).length;
  }

  letGo(): void {
    this.held.length = 0;
    this.isEmpty = true;
  }

  endTurn(): void {
    this.#flush?.();
    this.#flush = undefined;
  }

  schedule(flush: () => void): void {
    this.#flush = flush;
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
  start(): void {}
}

function turns(link: HoldingLink, output: Output, count: number, seed: number): void {
  for (let i = 0; i < count; i++) {
    for (let n = (i * 7 + seed) % 5; n >= 0; n--)
      output.data(1, undefined, new Uint8Array(900 + n).fill(i), 16_384);
    link.endTurn();
  }
}

describe("memory of frames", () => {
  it("is written again once the link has nothing left", () => {
    const link = new HoldingLink();
    turns(link, new Output(link, () => {}), 1_000, 0);
    expect(link.buffers.size).toBeLessThan(5);
  });

  it("is never written again while a link holds a part of it, whoever else writes", () => {
    const slow = new HoldingLink();
    const quick = new HoldingLink();
    const outputs = [new Output(slow, () => {}), new Output(quick, () => {})] as const;
    for (let round = 0; round < 40; round++) {
      slow.isSlow = round % 3 !== 0;
      turns(slow, outputs[0], 5, round);
      turns(quick, outputs[1], 100, round);
      turns(slow, outputs[0], 5, round + 1);
      expect(slow.changed).toBe(0);
      if (round % 4 === 3) slow.letGo();
    }
  });

  it("lends large content, and gives it back when the link has let go of all of it", () => {
    const link = new HoldingLink();
    const output = new Output(link, () => {});
    const given: string[] = [];
    const write = (name: string, size: number): void =>
      output.data(1, undefined, new Uint8Array(size), 100_000, () => given.push(name));
    write("small", 100);
    write("large", 5_000);
    expect(given).toEqual(["small"]);
    link.endTurn();
    expect(given).toEqual(["small", "large"]);
    link.isSlow = true;
    write("held", 5_000);
    link.endTurn();
    link.letGo();
    link.endTurn();
    expect(given).toEqual(["small", "large"]);
  });

  it("gives back content that left in parts with its last", () => {
    const link = new HoldingLink();
    const output = new Output(link, () => {});
    const queue = new SendQueue();
    const given: number[] = [];
    queue.push(new Uint8Array(10_000), ({ length }) => given.push(length));
    queue.push(new Uint8Array(20_000), ({ length }) => given.push(length));
    for (const [size, after] of [
      [8_000, []],
      [8_000, [10_000]],
      [13_999, [10_000]],
      [1, [10_000, 20_000]],
    ] as const) {
      queue.take(size, output);
      link.endTurn();
      expect(given).toEqual(after);
    }
  });
});

describe("a long turn", () => {
  const write = (output: Output, total: number): void => {
    for (let i = 0; i < total; i += 100) output.data(1, undefined, new Uint8Array(100), 16_384);
  };

  it("gives the peer something to do soon, and then writes more and more at once", () => {
    const link = new HoldingLink();
    const output = new Output(link, () => {});
    write(output, 10_000);
    expect(link.writes).toBe(1);
    write(output, 10_000_000);
    expect(link.writes).toBeLessThan(50);
  });

  it("gives calls to the peer sooner, each whole", () => {
    const link = new HoldingLink();
    const output = new Output(link, () => {});
    for (let id = 1; id <= 2 * 17; id += 2) {
      expect(link.writes).toBe(0);
      output.beginCall();
      output.data(id, undefined, new Uint8Array(91), 16_384);
      output.endData(id);
    }
    expect(link.writes).toBe(1);
  });

  it("leaves the next turn as it found this one", () => {
    const link = new HoldingLink();
    const output = new Output(link, () => {});
    write(output, 1_000_000);
    link.endTurn();
    const before = link.writes;
    write(output, 10_000);
    expect(link.writes).toBe(before + 1);
  });
});
