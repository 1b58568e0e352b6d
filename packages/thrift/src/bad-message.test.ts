import { describe, expect, it } from "vitest";
import { bytesOf, errorOf, Item, One, variants, zero } from "../test/support.ts";
import { createCodecs } from "./index.ts";

describe.each(variants)("a bad message (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);

  it("refuses bytes behind the end of the struct", () => {
    const error = errorOf(() => codec(Item).decode(new Uint8Array(3)));
    expect([error.code, error.message]).toEqual([
      "internal",
      "Item: 2 bytes follow the end of the struct at offset 1",
    ]);
  });

  it("refuses a message that ends too early, wherever it ends", () => {
    const message = codec(Item).encode({
      ...zero,
      sku: "some sku",
      weight: 2n ** 40n,
      tags: ["a", "b"],
      colors: new Set([1, 2]),
      counts: new Map([[1, "x"]]),
      labels: { k: "v" },
      inner: { ...zero, data: new Uint8Array(3) },
    });
    for (let end = 0; end < message.length; end++) {
      expect(errorOf(() => codec(Item).decode(message.subarray(0, end))).code).toBe("internal");
    }
  });

  it("holds text, binary and counts against what is left before it allocates", () => {
    const type = One<object>((t) => [
      t.optional(1, "s", t.string),
      t.optional(2, "b", t.binary),
      t.optional(3, "l", t.list(t.i64)),
      t.optional(4, "m", t.map(t.string, t.string)),
      t.optional(5, "r", t.record(t.i32)),
      t.optional(6, "x", t.set(t.i8)),
    ]);
    const huge =
      options.protocol === "binary"
        ? [
            "0b0001 7fffffff 00",
            "0b0002 7fffffff 00",
            "0b0001 ffffffff 00",
            "0f0003 0a 7fffffff 00",
            "0f0003 0a 00000002 0000000000000001",
            "0d0004 0b0b 7fffffff 00",
            "0d0005 0b08 7fffffff 00",
            "0e0006 03 7fffffff 00",
            "0f0009 03 7fffffff 00",
            "0d0009 0303 ffffffff 00",
          ]
        : [
            "18 ffffffff0f 00",
            "28 ffffffff0f 00",
            "39 f6ffffffff0f 00",
            "4b ffffffff0f 88 00",
            "5b ffffffff0f 85 00",
            "6a f3ffffffff0f 00",
            "99 f3ffffffff0f 00",
            "9b ffffffff0f 33 00",
          ];
    for (const text of huge) expect(errorOf(() => codec(type).decode(bytesOf(text))).code).toBe("internal");
  });

  it("limits how deep structs are nested, when reading, when skipping and when writing", () => {
    const nest = (depth: number): Item => (depth === 0 ? zero : { ...zero, inner: nest(depth - 1) });
    expect(() => codec(Item).encode(nest(63))).not.toThrow();
    expect(errorOf(() => codec(Item).encode(nest(64))).message).toContain("nested deeper than maxDepth (64)");
    const deep = createCodecs({ ...options, maxDepth: 1000 }).struct;
    const message = deep(Item).encode(nest(900));
    expect(deep(Item).decode(message).inner?.sku).toBe("");
    expect(errorOf(() => codec(Item).decode(message)).message).toContain("nested deeper than maxDepth (64)");
    const other = One<object>((t) => [t.field(1, "a", t.i32)]);
    expect(errorOf(() => codec(other).decode(message)).message).toContain("nested deeper than maxDepth (64)");
    expect(deep(other).decode(message)).toEqual({ a: 0 });
  });

  it("refuses a value that contains itself", () => {
    const item: Item = { ...zero };
    item.inner = item;
    expect(errorOf(() => codec(Item).encode(item)).code).toBe("invalid_argument");
  });
});
