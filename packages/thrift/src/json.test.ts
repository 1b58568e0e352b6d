import { RpcError } from "@slipstream/stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { valueOf } from "../test/arbitrary.ts";
import { Everything } from "../test/everything.ts";
import { exception, fromJson, type JsonValue, struct, t, toJson, union } from "./index.ts";
import type { Struct, Type } from "./types.ts";

const Color = { RED: 1, GREEN: 2 } as const;
const Inner: Struct<object> = struct("Inner", (t) => [t.field(1, "n", t.i32)]);
const Outer: Struct<object> = struct("Outer", (t) => [
  t.required(1, "renamed_", t.string, { name: "class" }),
  t.optional(2, "count", t.i64),
  t.optional(3, "data", t.binary),
  t.optional(4, "color", t.enum(Color)),
  t.optional(5, "inner", Inner),
  t.optional(6, "byKey", t.map(t.enum(Color), t.double)),
  t.optional(7, "byInner", t.map(Inner, t.string)),
  t.optional(8, "labels", t.record(t.string)),
  t.optional(9, "set", t.set(t.i8)),
  t.optional(10, "big", t.i64Number),
]);
const Choice: Struct<object> = union("Choice", (t) => [
  t.optional(1, "n", t.i32),
  t.optional(2, "s", t.string),
]);

function problem(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RpcError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("expected an error");
}

describe("JSON", () => {
  it("has the IDL's names, text for i64 and binary, names of enums, arrays for sets", () => {
    const value = {
      renamed_: "x",
      count: -(2n ** 63n),
      data: new Uint8Array([255, 254, 253, 252]),
      color: 2,
      inner: { n: 5 },
      byKey: new Map([
        [1, 0.5],
        [7, Number.NaN],
      ]),
      byInner: new Map([[{ n: 1 }, "one"]]),
      labels: { a: "b" },
      set: new Set([1, 2]),
      big: 2 ** 40,
    };
    const json = {
      class: "x",
      count: "-9223372036854775808",
      data: "//79/A==",
      color: "GREEN",
      inner: { n: 5 },
      byKey: { RED: 0.5, "7": "NaN" },
      byInner: [[{ n: 1 }, "one"]],
      labels: { a: "b" },
      set: [1, 2],
      big: 2 ** 40,
    };
    expect(toJson(Outer, value)).toEqual(json);
    expect(fromJson(Outer, json)).toStrictEqual(value);
  });

  it("survives being text, for values of every type", () => {
    fc.assert(
      fc.property(valueOf(Everything, { negativeZero: false }), (value) => {
        const json = JSON.parse(JSON.stringify(toJson(Everything, value))) as JsonValue;
        expect(fromJson(Everything, json)).toEqual(value);
      }),
      { numRuns: 50 },
    );
  });

  it("writes i64 and enums as numbers on request, where a number is exact", () => {
    const options = { i64: "number", enums: "number" } as const;
    expect(toJson(t.list(t.i64), [5n, 2n ** 53n], options)).toEqual([5, "9007199254740992"]);
    expect(toJson<number>(t.enum(Color), 2, options)).toBe(2);
    expect(toJson<number>(t.enum(Color), 3)).toBe(3);
  });

  it("reads i64 as text or number, enums by name or number, base64 with padding or without", () => {
    expect(fromJson(t.list(t.i64), [5, "-6", "+7"])).toEqual([5n, -6n, 7n]);
    expect(fromJson(t.list(t.enum(Color)), ["RED", 2, 77])).toEqual([1, 2, 77]);
    expect(fromJson(t.list(t.binary), ["/w==", "/w", ""])).toEqual([
      new Uint8Array([255]),
      new Uint8Array([255]),
      new Uint8Array(0),
    ]);
    expect(fromJson(t.i64Number, "12")).toBe(12);
  });

  it("reads keys of maps by their type", () => {
    const cases: [Type, string, unknown][] = [
      [t.bool, "true", true],
      [t.i16, "-5", -5],
      [t.i64, "9007199254740993", 9007199254740993n],
      [t.double, "-Infinity", -Infinity],
      [t.double, "1e3", 1000],
      [t.string, "5", "5"],
      [t.enum(Color), "GREEN", 2],
      [t.enum(Color), "2", 2],
      [t.uuid, "00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeeff"],
      [t.binary, "/w==", new Uint8Array([255])],
    ];
    for (const [type, text, key] of cases) {
      expect(fromJson(t.map(type, t.i32), { [text]: 1 })).toEqual(new Map([[key, 1]]));
    }
    const wrong: [Type, string][] = [
      [t.bool, "yes"],
      [t.i16, "70000"],
      [t.i16, "x"],
      [t.double, ""],
      [t.enum(Color), "BLUE"],
    ];
    for (const [type, text] of wrong) {
      expect(problem(() => fromJson(t.map(type, t.i32), { [text]: 1 }))).toMatch(/^invalid_argument: map\["/);
    }
  });

  it("is an object of one property for a union", () => {
    expect(toJson(Choice, { case: "s", value: "x" })).toEqual({ s: "x" });
    expect(fromJson(Choice, { s: "x" })).toEqual({ case: "s", value: "x" });
    expect(problem(() => fromJson(Choice, {}))).toBe(
      "invalid_argument: Choice: expected one alternative, got 0",
    );
    expect(problem(() => fromJson(Choice, { s: "x", n: 1 }))).toMatch("expected one alternative, got 2");
  });

  it("makes exceptions of their class", () => {
    const Missing = exception<{ id: number }>("Missing", (t) => [t.field(1, "id", t.i32)]);
    const error = fromJson(Missing, { id: 5 });
    expect(error).toBeInstanceOf(Missing);
    expect(toJson(Missing, error)).toEqual({ id: 5 });
  });

  it("fills what is absent or null as decoding does", () => {
    const type: Struct<object> = struct("Filled", (t) => [
      t.field(1, "n", t.i64),
      t.field(2, "s", t.string),
      t.field(3, "inner", Inner),
      t.optional(4, "o", t.string),
      t.required(5, "d", t.i32, { default: 7 }),
      t.field(6, "list", t.list(t.i32), { default: () => [1] }),
    ]);
    expect(fromJson(type, { s: null })).toStrictEqual({ n: 0n, s: "", d: 7, list: [1] });
  });

  it("says where it found what does not fit", () => {
    const name = { class: "x" };
    const cases: [JsonValue, string][] = [
      [{}, "Outer.renamed_: is required, but was not given"],
      [{ ...name, inner: { n: "1" } }, 'Outer.inner.n: expected an integer of 32 bits, got "1"'],
      [{ ...name, inner: [] }, "Outer.inner: expected an object (Inner), got an array of 0"],
      [
        { ...name, count: 2 ** 53 },
        "Outer.count: expected a 64-bit integer, as a safe number or as text, got 9007199254740992",
      ],
      [
        { ...name, count: "9223372036854775808" },
        'Outer.count: expected an integer of 64 bits, got "9223372036854775808"',
      ],
      [{ ...name, data: "a" }, 'Outer.data: expected base64, got "a"'],
      [{ ...name, color: "BLUE" }, 'Outer.color: expected one of RED, GREEN, or a number, got "BLUE"'],
      [
        { ...name, color: "toString" },
        'Outer.color: expected one of RED, GREEN, or a number, got "toString"',
      ],
      [{ ...name, byKey: { RED: "x" } }, 'Outer.byKey["RED"]: expected a number, got "x"'],
      [{ ...name, byInner: [[{ n: 1 }]] }, "Outer.byInner[entry 0]: expected a pair, got an array of 1"],
      [{ ...name, byInner: {} }, "Outer.byInner: expected an array of pairs, got an object (Object)"],
      [{ ...name, set: [1, 200] }, "Outer.set[1]: expected an integer of 8 bits, got 200"],
      [{ ...name, labels: [] }, "Outer.labels: expected an object, got an array of 0"],
      [{ ...name, big: "9007199254740993" }, 'Outer.big: expected a safe integer, got "9007199254740993"'],
      [null, "Outer: expected an object (Outer), got null"],
    ];
    for (const [json, message] of cases) {
      expect(problem(() => fromJson(Outer, json))).toBe(`invalid_argument: ${message}`);
    }
  });

  it("refuses properties that are no fields, or reads over them", () => {
    expect(problem(() => fromJson(Inner, { n: 1, m: 2 }))).toBe(
      'invalid_argument: Inner: has no field "m"; its fields are n',
    );
    expect(fromJson(Inner, { n: 1, m: 2 }, { unknownProperties: "ignore" })).toEqual({ n: 1 });
  });

  it("refuses values that do not fit when writing", () => {
    const cases: [Type, unknown][] = [
      [t.bool, 1],
      [t.i32, "1"],
      [t.i64, 1],
      [t.double, "1"],
      [t.string, 1],
      [t.binary, "x"],
      [t.enum(Color), "RED"],
      [Inner, "x"],
    ];
    for (const [type, value] of cases)
      expect(problem(() => toJson(type, value))).toMatch(/^invalid_argument: /);
  });

  it("keeps keys of its own, whatever they are called", () => {
    const json = JSON.parse('{"__proto__":"x","toString":"y"}') as JsonValue;
    const value = fromJson(t.record(t.string), json);
    expect(Object.entries(value)).toEqual(Object.entries(json as object));
    expect(JSON.stringify(toJson(t.record(t.string), value))).toBe(JSON.stringify(json));
  });
});
