import { describe, expect, it } from "vitest";
import { decorateStream } from "./decorate.ts";

/** With private fields, as real streams have: a decorator must not break them. */
class Numbers implements AsyncIterable<number> {
  #next = 0;
  readonly #end: number;
  left = 0;

  constructor(end: number) {
    this.#end = end;
  }

  get next(): number {
    return this.#next;
  }

  async recv(): Promise<number | undefined> {
    return this.#next < this.#end ? this.#next++ : undefined;
  }

  tryRecv(): number | undefined {
    return this.#next < this.#end ? this.#next++ : undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return {
      next: async () => {
        const value = await this.recv();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        this.left++;
        return { done: true, value: undefined };
      },
    };
  }
}

async function all<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const value of source) list.push(value);
  return list;
}

describe("decorateStream", () => {
  it("does what the stream does where nothing is overridden", async () => {
    const numbers = new Numbers(3);
    const same = decorateStream(numbers, {});
    expect(await same.recv()).toBe(0);
    expect([same.tryRecv(), same.next]).toEqual([1, 2]);
    expect(await all(same)).toEqual([2]);
    expect(same).toBeInstanceOf(Numbers);
    expect(same.recv).toBe(same.recv);
  });

  it("goes through an overridden recv in iteration too, and finds nothing without waiting", async () => {
    const numbers = new Numbers(3);
    const doubled = decorateStream(numbers, {
      recv: async () => {
        const value = await numbers.recv();
        return value === undefined ? undefined : value * 2;
      },
    });
    expect(doubled.tryRecv()).toBeUndefined();
    expect(await doubled.recv()).toBe(0);
    expect(await all(doubled)).toEqual([2, 4]);
  });

  it("leaves the stream when its loop is left, and when recv fails", async () => {
    const numbers = new Numbers(9);
    const same = decorateStream(numbers, { recv: () => numbers.recv() });
    for await (const value of same) if (value === 2) break;
    expect(numbers.left).toBe(1);
    const failing = decorateStream(numbers, { recv: () => Promise.reject(new Error("broken")) });
    await expect(all(failing)).rejects.toThrow("broken");
    expect(numbers.left).toBe(2);
  });

  it("may be decorated again", async () => {
    const numbers = new Numbers(2);
    const plusOne = (stream: Numbers): Numbers =>
      decorateStream(stream, {
        recv: async () => {
          const value = await stream.recv();
          return value === undefined ? undefined : value + 1;
        },
      });
    expect(await all(plusOne(plusOne(numbers)))).toEqual([2, 3]);
  });
});
