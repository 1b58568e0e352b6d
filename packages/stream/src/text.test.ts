import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocate, fromBase64, readUtf8, toBase64, utf8Length, writeUtf8 } from "./text.ts";
import * as web from "./text-web.ts";

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

  it("is the same in base64", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, text) => {
        expect(web.toBase64(bytes)).toBe(toBase64(bytes));
        expect(web.fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(web.fromBase64(text)).toEqual(fromBase64(text));
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
});

describe("memory", () => {
  it("is as large as was asked", () => {
    expect(web.allocate(10).length).toBe(10);
    expect(allocate(10).constructor).toBe(Uint8Array);
    expect(allocate(10).length).toBe(10);
  });
});
