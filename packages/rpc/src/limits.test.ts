import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSize } from "./limits.ts";

const utf8 = (text: string): number => new TextEncoder().encode(text).byteLength;

describe("the size of metadata", () => {
  it("counts keys and values as UTF-8 does, lone surrogates too", () => {
    const text = fc.string({
      unit: fc.oneof(fc.string({ unit: "binary", minLength: 1 }), fc.constantFrom("\ud800", "\udc00")),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text)),
        fc.array(fc.tuple(text, fc.uint8Array())),
        (pairs, binary) => {
          const map = new Map(pairs);
          const bytes =
            [...map].reduce((sum, [key, value]) => sum + utf8(key) + utf8(value), 0) +
            binary.reduce((sum, [name, value]) => sum + utf8(name) + value.byteLength, 0);
          expect(() => checkSize("x", bytes, [map], binary)).not.toThrow();
          if (bytes > 0)
            expect(() => checkSize("x", bytes - 1, [map], binary)).toThrow(`x of ${bytes} bytes`);
        },
      ),
    );
  });
});
