import { describe, expect, it } from "vitest";
import { errorOf, Item, One, variants, zero } from "../test/support.ts";
import { createCodecs } from "./index.ts";

describe.each(variants)("a field that was not expected (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);

  it("reads over fields that it does not know, of every type", () => {
    const wide = One<object>((t) => [
      t.field(1, "a", t.bool),
      t.field(2, "b", t.i8),
      t.field(3, "c", t.i16),
      t.field(4, "d", t.i32),
      t.field(5, "e", t.i64),
      t.field(6, "f", t.double),
      t.field(7, "g", t.string),
      t.field(8, "h", t.uuid),
      t.field(9, "i", Item),
      t.field(10, "j", t.record(t.list(Item))),
      t.field(11, "k", t.map(t.bool, t.bool)),
      t.field(12, "l", t.set(t.i16)),
      t.field(13, "m", t.list(t.bool)),
      t.field(20, "kept", t.i32),
    ]);
    const narrow = One<{ kept: number }>((t) => [t.field(20, "kept", t.i32)]);
    const message = codec(wide).encode({
      a: true,
      b: 1,
      c: 300,
      d: 70000,
      e: -1n,
      f: 1.5,
      g: "text",
      h: "00112233-4455-6677-8899-aabbccddeeff",
      i: { ...zero, inner: zero, gift: true },
      j: { x: [zero, zero], y: [] },
      k: new Map([[true, false]]),
      l: new Set([1, 2]),
      m: [true, false],
      kept: 5,
    });
    expect(codec(narrow).decode(message)).toEqual({ kept: 5 });
  });

  it("reads over fields whose type is another one than expected", () => {
    const sent = One<object>((t) => [t.field(1, "a", t.i64), t.field(2, "b", t.i32)]);
    const expected = One<object>((t) => [t.field(1, "a", t.string), t.field(2, "b", t.i32)]);
    expect(codec(expected).decode(codec(sent).encode({ a: 1n, b: 2 }))).toEqual({ a: "", b: 2 });
  });

  it("refuses containers whose elements are of another type", () => {
    const sent = One<object>((t) => [
      t.field(1, "a", t.list(t.i64)),
      t.optional(2, "m", t.map(t.i32, t.i32)),
    ]);
    const lists = One<object>((t) => [t.field(1, "a", t.list(t.string))]);
    const maps = One<object>((t) => [t.field(2, "m", t.map(t.i32, t.string))]);
    const message = codec(sent).encode({ a: [1n], m: new Map([[1, 2]]) });
    expect(errorOf(() => codec(lists).decode(message)).message).toMatch(
      /^One\.a: expected elements of string, got i64 at offset \d+$/,
    );
    expect(errorOf(() => codec(maps).decode(message)).message).toMatch(
      /^One\.m: expected values of string, got i32 at offset \d+$/,
    );
    expect(codec(lists).decode(codec(sent).encode({ a: [] }))).toEqual({ a: [] });
  });

  it("keeps unknown fields on request and writes them back", () => {
    const keep = createCodecs({ ...options, unknownFields: "keep" }).struct;
    const full = { ...zero, sku: "s", gift: true, inner: { ...zero, labels: { a: "b" } }, note: "n" };
    const part = One<{ quantity: number }>((t) => [t.field(2, "quantity", t.i32)]);
    const decoded = keep(part).decode(codec(Item).encode({ ...full, quantity: 1 }));
    expect(decoded.quantity).toBe(1);
    const copy = { ...decoded, quantity: 2 };
    expect(codec(Item).decode(keep(part).encode(copy))).toEqual({ ...full, quantity: 2 });
    expect(codec(Item).decode(codec(part).encode(copy))).toEqual({ ...zero, quantity: 2 });
  });

  it("does not keep a known field that came with another type", () => {
    const keep = createCodecs({ ...options, unknownFields: "keep" }).struct;
    const sent = One<object>((t) => [t.field(1, "a", t.i64)]);
    const expected = One<object>((t) => [t.field(1, "a", t.string)]);
    expect(keep(expected).decode(codec(sent).encode({ a: 1n }))).toStrictEqual({ a: "" });
  });

  it("takes the last of a field that came twice", () => {
    const twice = One<object>((t) => [t.field(1, "a", t.i32)]);
    const single = codec(twice).encode({ a: 1 });
    const other = codec(twice).encode({ a: 2 });
    // In the compact protocol the id is a distance, so the second copy is another field.
    if (options.protocol === "binary") {
      expect(codec(twice).decode(new Uint8Array([...single.subarray(0, -1), ...other]))).toEqual({ a: 2 });
    }
    expect(codec(twice).decode(single)).toEqual({ a: 1 });
  });
});
