import { readUtf8 } from "@slipstream/stream";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { fuzzRuns, fuzzTimeoutMs } from "../test/arbitrary-frames.ts";
import { readName } from "./name-cache.ts";

vi.setConfig({ testTimeout: fuzzTimeoutMs });

describe("readName", () => {
  it("reads what readText reads, the first time and again, whatever the bytes", () => {
    // Few bytes, so that names share places and differ in little.
    const bytes = fc.oneof(
      fc.array(fc.constantFrom(0x61, 0x62, 0xc3, 0xbc, 0xff, 0x00), { maxLength: 6 }),
      fc.array(fc.nat({ max: 255 }), { maxLength: 80 }),
    );
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 20 }), (names) => {
        for (const name of [...names, ...names]) {
          const at = Uint8Array.from([9, ...name, 9]);
          expect(readName(at, 1, at.length - 1)).toBe(readUtf8(at, 1, at.length - 1));
        }
      }),
      { numRuns: fuzzRuns },
    );
  });
});
