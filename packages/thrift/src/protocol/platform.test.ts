import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asNodeBuffer, isUtf8, readUtf8, utf8Length, webPlatform, writeUtf8 } from "./platform.ts";

const web = webPlatform();
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "é", "李", "😀", "\ud800", "\udc00", "\ufeff") }),
);

function written(write: typeof writeUtf8, value: string): Uint8Array {
  const bytes = new Uint8Array(3 * value.length + 2);
  return bytes.subarray(1, 1 + write(bytes, value, 1));
}

describe("Node's and the web's text", () => {
  it("is the same in bytes", () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(written(web.writeUtf8, value)).toEqual(written(writeUtf8, value));
        expect(written(writeUtf8, value)).toEqual(new TextEncoder().encode(value));
      }),
    );
  });

  it("is as long as was said before", () => {
    fc.assert(
      fc.property(text, (value) => {
        const { length } = new TextEncoder().encode(value);
        expect([utf8Length(value), web.utf8Length(value)]).toEqual([length, length]);
      }),
    );
  });

  it("is the same from any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(web.readUtf8(bytes, 0, bytes.length)).toBe(readUtf8(bytes, 0, bytes.length));
        expect(readUtf8(Buffer.from(bytes), 0, bytes.length)).toBe(readUtf8(bytes, 0, bytes.length));
      }),
    );
  });

  it("is told from bytes that are none", () => {
    expect(isUtf8(new TextEncoder().encode("aé李😀\ufeff\ufffd"))).toBe(true);
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(isUtf8(Uint8Array.from(bad))).toBe(false);
    }
  });
});

describe("memory", () => {
  it("is as large as was asked", () => {
    expect(web.allocate(10).length).toBe(10);
  });

  it("is the same as a Buffer", () => {
    const bytes = new Uint8Array([1, 2, 3]).subarray(1);
    expect(asNodeBuffer(bytes)).toEqual(Buffer.from([2, 3]));
    expect(asNodeBuffer(bytes).buffer).toBe(bytes.buffer);
  });
});
