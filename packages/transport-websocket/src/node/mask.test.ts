import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { applyMask } from "./mask.ts";

describe("the mask of a frame", () => {
  test.prop([
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(9),
    fc.nat(9),
    fc.nat(1_000),
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
  ])(
    "is on each byte what RFC 6455 says, wherever it lies, and on no byte beside",
    (payload, before, after, turn, key) => {
      const bytes = new Uint8Array(before + payload.length + after);
      bytes.set(payload, before);
      applyMask(bytes, before, before + payload.length, key, turn);
      const expected = payload.map((byte, i) => byte ^ (key[(turn + i) % 4] as number));
      expect(bytes).toEqual(
        new Uint8Array([...new Uint8Array(before), ...expected, ...new Uint8Array(after)]),
      );
    },
  );
});
