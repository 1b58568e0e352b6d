import { describe, expect, it } from "vitest";
import * as pooled from "./memory.ts";
import * as plain from "./memory-plain.ts";

describe.each([
  ["on Node", pooled],
  ["in browsers", plain],
])("memory %s", (_, { giveBack, messageMemory, valueOf }) => {
  it.each([1, 64, 65, 2_000, 5_000, 100_000])(
    "gives a value of %d bytes that nobody else changes",
    (size) => {
      const message = new Uint8Array(2 * size + 10).fill(1);
      const value = valueOf(message, 5, 5 + size, false);
      const other = valueOf(message, 5 + size, 5 + 2 * size, false);
      message.fill(2);
      other.fill(3);
      expect(value).toEqual(new Uint8Array(size).fill(1));
    },
  );

  it("gives a view of a message that nobody else has, when it is most of it", () => {
    const message = new Uint8Array(100_000).fill(1);
    expect(valueOf(message, 10, 90_000, true).buffer).toBe(message.buffer);
    expect(valueOf(message, 10, 400, true).buffer).not.toBe(message.buffer);
    expect(valueOf(message, 10, 90_000, true)).toEqual(message.slice(10, 90_000));
  });

  it("has room for a message, also when memory was given back", () => {
    for (const size of [20_000, 65_000, 300_000, 20_000]) {
      const memory = messageMemory(size);
      expect(memory.length).toBeGreaterThanOrEqual(size);
      giveBack(memory);
    }
  });
});
