import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamTable } from "./stream-table.ts";

interface Entry {
  readonly id: number;
}

describe("the table of streams", () => {
  it("finds what is in it and nothing else, as a map does", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant("open" as const) },
      { weight: 2, arbitrary: fc.nat() },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new StreamTable<Entry>();
        const model = new Map<number, Entry>();
        let next = 1;
        for (const step of steps) {
          if (step === "open") {
            const entry = { id: next };
            next += 2;
            table.add(entry);
            model.set(entry.id, entry);
          } else {
            const entry = [...model.values()][step % Math.max(1, model.size)];
            if (entry === undefined) continue;
            table.delete(entry);
            table.delete(entry);
            model.delete(entry.id);
            expect(table.get(entry.id)).toBeUndefined();
          }
          expect(table.size).toBe(model.size);
        }
        for (let id = 1; id < next; id += 2) expect(table.get(id)).toBe(model.get(id));
        expect(table.all()).toEqual([...model.values()].sort((a, b) => a.id - b.id));
      }),
    );
  });

  it("keeps a few long-lived streams among very many short ones, and stays small", () => {
    const table = new StreamTable<Entry>();
    const old = [1, 3, 33].map((id) => ({ id }));
    for (const entry of old) table.add(entry);
    for (let id = 101; id < 20_000; id += 2) {
      const entry = { id };
      table.add(entry);
      expect(table.get(id)).toBe(entry);
      table.delete(entry);
    }
    expect(old.map(({ id }) => table.get(id))).toEqual(old);
    expect(table.size).toBe(3);
  });
});
