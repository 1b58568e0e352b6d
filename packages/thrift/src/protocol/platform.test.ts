import { describe, expect, it } from "vitest";
import { asNodeBuffer, isUtf8 } from "./platform.ts";

describe("text", () => {
  it("is told from bytes that are none", () => {
    expect(isUtf8(new TextEncoder().encode("aé李😀\ufeff\ufffd"))).toBe(true);
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(isUtf8(Uint8Array.from(bad))).toBe(false);
    }
  });
});

describe("memory", () => {
  it("is the same as a Buffer", () => {
    const bytes = new Uint8Array([1, 2, 3]).subarray(1);
    expect(asNodeBuffer(bytes)).toEqual(Buffer.from([2, 3]));
    expect(asNodeBuffer(bytes).buffer).toBe(bytes.buffer);
  });
});
