import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { fuzzRuns, fuzzTimeoutMs } from "../test/arbitrary-frames.ts";
import { SlotTable } from "./slot-table.ts";

vi.setConfig({ testTimeout: fuzzTimeoutMs });

describe("SlotTable", () => {
  it("holds what a Map would, for any ids added and taken out in any order", () => {
    // Few ids, many of which want the same slot, and some from the whole range.
    const id = fc.oneof(
      fc.integer({ min: -40, max: 40 }),
      fc.integer().map((n) => n * 16),
      fc.integer(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.boolean()), { maxLength: 200 }), (steps) => {
        const table = new SlotTable<{ id: number }>();
        const map = new Map<number, { id: number }>();
        for (const [key, isAdd] of steps) {
          const n = key | 0;
          if (isAdd && !map.has(n)) {
            const entry = { id: n };
            table.add(entry);
            map.set(n, entry);
          } else if (!isAdd) {
            table.delete(n);
            map.delete(n);
          }
        }
        expect(table.size).toBe(map.size);
        expect(new Set(table.values())).toEqual(new Set(map.values()));
        for (const [key] of steps) expect(table.get(key | 0)).toBe(map.get(key | 0));
      }),
      { numRuns: fuzzRuns },
    );
  });

  it("keeps thousands apart, and forgets their room when they have gone", () => {
    const table = new SlotTable<{ id: number }>();
    for (let id = 1; id <= 5000; id++) table.add({ id });
    for (let id = 1; id <= 5000; id++) expect(table.get(id)?.id).toBe(id);
    for (let id = 1; id <= 5000; id++) table.delete(id);
    expect([table.size, table.values()]).toEqual([0, []]);
  });
});
