import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBase64 } from "./base64.ts";
import { RpcError } from "./errors.ts";
import { decodeSideEntry, encodeSideEntry } from "./side-entry.ts";

const text = fc.string({ unit: "grapheme" });
const map = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }).map((pairs) => new Map(pairs));
const field = fc.tuple(text, fc.oneof(text, fc.uint8Array()));
const fields = fc.array(field, { minLength: 1, maxLength: 5 });
const entry = fc.record(
  { persistent: map, transient: map, metadata: fields, fields, backward: map },
  { requiredKeys: [] },
);

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 200) };

/** A side entry of these bytes. */
const of = (...bytes: number[]): string => toBase64(Uint8Array.from(bytes));

describe("side entry", () => {
  it("gives every section back, in order, with names repeated and bytes as bytes", () => {
    fc.assert(
      fc.property(entry, (sections) => {
        expect(decodeSideEntry(encodeSideEntry(sections))).toEqual(sections);
      }),
      runs,
    );
  });

  it("is AQ when there is nothing to say", () => {
    expect(encodeSideEntry({})).toBe("AQ");
    expect(decodeSideEntry("AQ")).toEqual({});
  });

  it("is these bytes, for ever", () => {
    const bytes = [1, 2, 1, 0x6b, 2, 0xc3, 0xbc, 4, 1, 0x62, 2, 0xff, 0, 5, 1, 0x68, 0];
    expect(
      encodeSideEntry({
        transient: new Map([["k", "ü"]]),
        metadata: [["b", Uint8Array.of(0xff, 0)]],
        fields: [["h", ""]],
      }),
    ).toBe(of(...bytes));
  });

  it("carries values whose length takes several bytes", () => {
    const long = "x".repeat(40_000);
    expect(decodeSideEntry(encodeSideEntry({ fields: [["k", long]] })).fields).toEqual([["k", long]]);
  });

  it("skips kinds that it does not know", () => {
    const later = of(1, 99, 1, 0xff, 2, 0xff, 0xff, 7, 1, 0x61, 1, 0x62);
    expect(decodeSideEntry(later)).toEqual({ backward: new Map([["a", "b"]]) });
  });

  it("takes padding, which we do not write", () => {
    expect(decodeSideEntry("AQ==")).toEqual({});
  });

  it.each([
    ["no base64", "A!", "no base64"],
    ["an impossible length of base64", "AQAAA", "no base64"],
    ["nothing", "", "version missing"],
    ["another version", of(2), "version 2"],
    ["an entry cut after its kind", of(1, 1), "cut short"],
    ["an entry cut in its key", of(1, 1, 5, 0x61), "a length of 5 past its end"],
    ["an entry without a value", of(1, 1, 1, 0x61), "cut short"],
    ["a length without an end", of(1, 1, 0xff, 0xff, 0xff, 0xff, 0xff), "more than four bytes"],
    ["text that is not UTF-8", of(1, 1, 1, 0xff, 0), "not UTF-8"],
  ])("refuses %s with internal", (_name, value, why) => {
    const error = caught(() => decodeSideEntry(value));
    expect(error).toMatchObject({ code: "internal" });
    expect(error.message).toContain(why);
  });

  it("fails with RpcError alone, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeSideEntry(of(1, ...bytes));
        } catch (error) {
          if (!(error instanceof RpcError)) throw error;
        }
      }),
      runs,
    );
  });
});

function caught(work: () => unknown): RpcError {
  try {
    work();
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error("an RpcError was expected");
}
