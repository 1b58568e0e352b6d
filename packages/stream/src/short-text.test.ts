import { describe, expect, it } from "vitest";
import { readShortText, shortTextBytes } from "./short-text.ts";

const letters = "abcdefghijklmnopqrst";

describe("short text", () => {
  it("is read at every length", () => {
    const bytes = new TextEncoder().encode(letters);
    for (let size = 0; size <= shortTextBytes; size++) {
      expect(readShortText(bytes, 2, size)).toBe(letters.slice(2, 2 + size));
    }
  });

  it("is left to a decoder when one byte of it, wherever, is not ASCII", () => {
    for (let size = 1; size <= shortTextBytes; size++) {
      for (let at = 0; at < size; at++) {
        for (const byte of [0x80, 0xc3, 0xff]) {
          const bytes = new TextEncoder().encode(letters);
          bytes[at] = byte;
          expect(readShortText(bytes, 0, size)).toBeUndefined();
        }
      }
    }
  });
});
