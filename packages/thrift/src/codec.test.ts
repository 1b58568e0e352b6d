import { runInNewContext } from "node:vm";
import { RpcError } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { type CodecOptions, createCodecs } from "./index.ts";
import { exception, struct, union } from "./struct.ts";
import type { Exception, Struct } from "./types.ts";
import { unknownFields } from "./unknown-fields.ts";

interface Item {
  sku: string;
  quantity: number;
  price: number;
  gift: boolean;
  weight: bigint;
  data: Uint8Array;
  tags: string[];
  colors: Set<number>;
  counts: Map<number, string>;
  labels: Record<string, string>;
  inner?: Item | undefined;
  note?: string | undefined;
}

const Item: Struct<Item> = struct("Item", (t) => [
  t.field(1, "sku", t.string),
  t.field(2, "quantity", t.i32),
  t.field(3, "price", t.double),
  t.field(4, "gift", t.bool),
  t.field(5, "weight", t.i64),
  t.field(6, "data", t.binary),
  t.field(7, "tags", t.list(t.string)),
  t.field(8, "colors", t.set(t.i32)),
  t.field(9, "counts", t.map(t.i8, t.string)),
  t.field(10, "labels", t.record(t.string)),
  t.field(11, "inner", Item),
  t.optional(12, "note", t.string),
]);

const zero: Item = {
  sku: "",
  quantity: 0,
  price: 0,
  gift: false,
  weight: 0n,
  data: new Uint8Array(0),
  tags: [],
  colors: new Set(),
  counts: new Map(),
  labels: {},
};

const Required: Struct<{ id: number; name?: string }> = struct("Required", (t) => [
  t.required(1, "id", t.i32),
  t.optional(2, "name", t.string),
]);

const One = <T>(make: Parameters<typeof struct>[1]): Struct<T> => struct<T>("One", make);

function bytesOf(...text: string[]): Uint8Array {
  return new Uint8Array(Buffer.from(text.join("").replaceAll(" ", ""), "hex"));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function errorOf(run: () => unknown): RpcError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(RpcError);
    return error as RpcError;
  }
  throw new Error("expected an error");
}

const variants: [string, CodecOptions][] = (["binary", "compact"] as const).flatMap((protocol) =>
  (["compiled", "interpreted"] as const).map((engine): [string, CodecOptions] => [
    `${protocol}, ${engine}`,
    { protocol, engine },
  ]),
);

describe.each(variants)("a codec (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);
  const again = <T>(type: Struct<T>, value: unknown): T => codec(type).decode(codec(type).encode(value as T));

  it("fills default fields that were not sent: zero, and structs absent", () => {
    const decoded = codec(Item).decode(new Uint8Array(1));
    expect(decoded).toStrictEqual(zero);
    expect("inner" in decoded || "note" in decoded).toBe(false);
  });

  it("leaves out default and optional fields that are undefined or null", () => {
    expect(codec(Item).encode({ note: undefined, inner: null } as unknown as Item)).toEqual(
      new Uint8Array(1),
    );
  });

  it("gives fresh containers to every message", () => {
    const first = codec(Item).decode(new Uint8Array(1));
    first.tags.push("mine");
    first.counts.set(1, "mine");
    expect(codec(Item).decode(new Uint8Array(1))).toStrictEqual(zero);
  });

  it("checks required fields when writing", () => {
    const error = errorOf(() => codec(Required).encode({ name: "n" } as never));
    expect([error.code, error.message]).toEqual([
      "invalid_argument",
      "Required.id: is required, got undefined",
    ]);
  });

  it("checks required fields when reading", () => {
    const error = errorOf(() => codec(Required).decode(new Uint8Array(1)));
    expect([error.code, error.message]).toEqual(["internal", "Required.id: is required, but was not sent"]);
  });

  it("says where in a value it found what does not fit", () => {
    const type = One<object>((t) => [
      t.field(1, "items", t.list(Item)),
      t.field(2, "byName", t.record(t.list(t.i16))),
    ]);
    expect(errorOf(() => codec(type).encode({ items: [zero, { ...zero, sku: 5 }] })).message).toBe(
      "One.items[1].sku: expected a string, got 5",
    );
    expect(errorOf(() => codec(type).encode({ byName: { a: [1], "b c": [2, 70000] } })).message).toBe(
      'One.byName["b c"][1]: expected an integer of 16 bits, got 70000',
    );
  });

  it.each<[string, unknown, string]>([
    ["quantity", 2 ** 31, "expected an integer of 32 bits, got 2147483648"],
    ["quantity", 1.5, "expected an integer of 32 bits, got 1.5"],
    ["quantity", "1", 'expected an integer of 32 bits, got "1"'],
    ["quantity", 1n, "expected an integer of 32 bits, got 1n"],
    ["price", "1", 'expected a number, got "1"'],
    ["gift", 1, "expected a boolean, got 1"],
    ["weight", 1, "expected a bigint, got 1"],
    ["weight", 2n ** 63n, "expected 64 bits, got 9223372036854775808n"],
    ["data", "bytes", 'expected a Uint8Array, got "bytes"'],
    ["tags", new Set(["a"]), "expected an array, got an object (Set)"],
    ["tags", ["a", undefined], "[1]: expected a string, got undefined"],
    ["colors", [1], "expected a Set, got an array of 1"],
    ["counts", {}, "expected a Map, got an object (Object)"],
    ["counts", new Map([[200, "x"]]), "[200]: expected an integer of 8 bits, got 200"],
    ["labels", new Map(), "expected an object of entries, got an object (Map)"],
    ["labels", { a: undefined }, '["a"]: expected a string, got undefined'],
    ["inner", "item", 'expected an object (Item), got "item"'],
  ])("refuses %s = %o", (property, value, problem) => {
    const { code, message } = errorOf(() => codec(Item).encode({ ...zero, [property]: value }));
    expect(code).toBe("invalid_argument");
    expect(message).toBe(`Item.${property}${problem.startsWith("[") ? "" : ": "}${problem}`);
  });

  it("refuses what is no struct at all", () => {
    expect(errorOf(() => codec(Item).encode(undefined as never)).message).toBe(
      "Item: expected an object (Item), got undefined",
    );
    expect(errorOf(() => codec(Item).encode("x" as never)).message).toBe(
      'Item: expected an object (Item), got "x"',
    );
  });

  it("keeps NaN, infinities and the sign of zero", () => {
    const type = One<{ values: number[] }>((t) => [t.field(1, "values", t.list(t.double))]);
    const values = [Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, 1.7976931348623157e308, -1 / 3];
    expect(again(type, { values }).values).toStrictEqual(values);
  });

  it("carries the whole range of each integer", () => {
    const type = One<object>((t) => [
      t.field(1, "a", t.list(t.i8)),
      t.field(2, "b", t.list(t.i16)),
      t.field(3, "c", t.list(t.i32)),
      t.field(4, "d", t.list(t.i64)),
      t.field(5, "e", t.list(t.i64Number)),
    ]);
    const value = {
      a: [-128, -1, 0, 127],
      b: [-32768, -1, 0, 32767],
      c: [-(2 ** 31), -1, 0, 2 ** 31 - 1],
      d: [-(2n ** 63n), -(2n ** 32n), -1n, 0n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 63n - 1n],
      e: [Number.MIN_SAFE_INTEGER, -(2 ** 32), -1, 0, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER],
    };
    expect(again(type, value)).toStrictEqual(value);
  });

  it("refuses an i64 that is no safe integer, where it is to be a number", () => {
    const number = One<{ n: number }>((t) => [t.field(1, "n", t.i64Number)]);
    const bigint = One<{ n: bigint }>((t) => [t.field(1, "n", t.i64)]);
    expect(errorOf(() => codec(number).encode({ n: 2 ** 53 })).code).toBe("invalid_argument");
    const error = errorOf(() => codec(number).decode(codec(bigint).encode({ n: 2n ** 53n })));
    expect([error.code, error.message]).toEqual([
      "internal",
      expect.stringMatching(/^One\.n: an i64 beyond ±\(2\^53 - 1\) before offset \d+$/),
    ]);
  });

  it("writes text as UTF-8 of any length", () => {
    const type = One<{ s: string }>((t) => [t.field(1, "s", t.string)]);
    const letters = ["a", "é", "李", "😀", "\u0000", "\ufeff", "\ufffd"];
    for (const letter of letters) {
      for (const length of [...Array(50).keys(), 64, 1000, 30_000]) {
        const s = letter.repeat(length);
        expect(again(type, { s })).toEqual({ s });
        expect(again(type, { s: `${s}x` })).toEqual({ s: `${s}x` });
      }
    }
  });

  it("writes half of a surrogate pair as U+FFFD, and reads bytes that are not UTF-8 so", () => {
    const text = One<{ s: string }>((t) => [t.field(1, "s", t.string)]);
    const raw = One<{ s: Uint8Array }>((t) => [t.field(1, "s", t.binary)]);
    for (const s of ["\ud800", "a\udc00b", "\ud83d".repeat(30)]) {
      expect(again(text, { s })).toEqual({ s: s.replaceAll(/\p{Surrogate}/gu, "\ufffd") });
    }
    for (const bytes of ["ff", "c080", "eda080", "f4908080", "61e282", "e28261", "ff".repeat(30)]) {
      const s = codec(text).decode(codec(raw).encode({ s: bytesOf(bytes) })).s;
      expect(s).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(bytes)));
    }
  });

  it("refuses both on request, with U+FFFD itself still allowed", () => {
    const strict = createCodecs({ ...options, invalidText: "reject" }).struct;
    const text = One<{ s: string }>((t) => [t.field(1, "s", t.string)]);
    const raw = One<{ s: Uint8Array }>((t) => [t.field(1, "s", t.binary)]);
    for (const s of ["\ud800", "a\udc00b", `${"\ud83d".repeat(30)}`]) {
      expect(errorOf(() => strict(text).encode({ s })).message).toMatch(
        /One\.s: expected text, got .* surrogate pair$/,
      );
    }
    for (const bytes of ["ff", "c080", "eda080", "efbfbdff"]) {
      const message = codec(raw).encode({ s: bytesOf(bytes) });
      expect(errorOf(() => strict(text).decode(message)).message).toMatch(/^One\.s: .* are not UTF-8/);
    }
    for (const s of ["\ufffd", "😀\ufffd".repeat(20), "\ufeff", "é".repeat(40)]) {
      expect(strict(text).decode(strict(text).encode({ s }))).toEqual({ s });
    }
  });

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

  it("copies binary fields, or lends views of the message on request", () => {
    const type = One<{ a: Uint8Array; b: Uint8Array; c: Uint8Array }>((t) => [
      t.field(1, "a", t.binary),
      t.field(2, "b", t.binary),
      t.field(3, "c", t.binary),
    ]);
    const value = {
      a: new Uint8Array([1, 2, 3]),
      b: new Uint8Array(100).fill(7),
      c: new Uint8Array(10_000).fill(9),
    };
    const message = codec(type).encode(value);
    const views = createCodecs({ ...options, binaryViews: true })
      .struct(type)
      .decode(message);
    const copies = codec(type).decode(Buffer.from(message));
    expect([views, copies]).toEqual([value, value]);
    for (const name of ["a", "b", "c"] as const) {
      expect(views[name].buffer).toBe(message.buffer);
      expect(copies[name].buffer).not.toBe(message.buffer);
      expect(copies[name].constructor).toBe(Uint8Array);
      copies[name].fill(0);
    }
    expect(codec(type).decode(message)).toEqual(value);
  });

  it("takes bytes of another realm", () => {
    const other = runInNewContext("new Uint8Array([1, 2, 3])") as Uint8Array;
    expect(other instanceof Uint8Array).toBe(false);
    expect(again(Item, { ...zero, data: other }).data).toEqual(new Uint8Array([1, 2, 3]));
    expect(codec(Item).decode(runInNewContext("new Uint8Array(1)") as Uint8Array)).toEqual(zero);
  });

  it("reads a message that is a part of a larger buffer", () => {
    const message = codec(Item).encode({ ...zero, sku: "part", data: new Uint8Array([1, 2]) });
    const larger = Buffer.alloc(message.length + 20, 0xff);
    larger.set(message, 10);
    const decoded = codec(Item).decode(larger.subarray(10, 10 + message.length));
    expect(decoded).toEqual({ ...zero, sku: "part", data: new Uint8Array([1, 2]) });
  });

  it("never writes again to bytes that it has given out", () => {
    const messages = Array.from({ length: 3000 }, (_, i) => {
      const data = new Uint8Array(i % 100 === 0 ? 40_000 + i : i % 90).fill(i);
      const bytes = codec(Item).encode({ ...zero, sku: `sku ${i}`, data });
      return { bytes, copy: Buffer.from(bytes) };
    });
    expect(messages.filter(({ bytes, copy }) => !copy.equals(bytes))).toEqual([]);
  });

  it("goes on after a value that it refused", () => {
    const good = codec(Item).encode({ ...zero, sku: "good" });
    for (let i = 0; i < 5; i++) {
      errorOf(() => codec(Item).encode({ ...zero, data: new Uint8Array(50_000), labels: { a: 5 } as never }));
      expect(codec(Item).encode({ ...zero, sku: "good" })).toEqual(good);
    }
  });

  it("can encode another message while it encodes one", () => {
    const inner = codec(Item).encode({ ...zero, sku: "inner" });
    const value = {
      ...zero,
      sku: "outer",
      get note() {
        return hexOf(codec(Item).encode({ ...zero, sku: "inner" }));
      },
    };
    expect(again(Item, value)).toEqual({ ...zero, sku: "outer", note: hexOf(inner) });
  });

  it("lets what a getter throws through", () => {
    const value = {
      ...zero,
      get note(): string {
        throw new RangeError("mine");
      },
    };
    expect(() => codec(Item).encode(value)).toThrow(new RangeError("mine"));
    expect(again(Item, zero)).toEqual(zero);
  });

  it("keeps entries of a record its own, whatever their keys are", () => {
    const labels = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z","1":"one"}') as Record<
      string,
      string
    >;
    const decoded = again(Item, { ...zero, labels }).labels;
    expect(new Map(Object.entries(decoded))).toEqual(new Map(Object.entries(labels)));
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });

  it("writes and reads a UUID, in lower case", () => {
    const type = One<{ id: string }>((t) => [t.field(1, "id", t.uuid)]);
    const id = "00112233-4455-6677-8899-AABBCCDDEEFF";
    expect(again(type, { id })).toEqual({ id: id.toLowerCase() });
    expect(hexOf(codec(type).encode({ id }))).toContain("00112233445566778899aabbccddeeff");
    for (const bad of [
      "",
      "00112233445566778899aabbccddeeff",
      `${id}0`,
      "g0112233-4455-6677-8899-aabbccddeeff",
    ]) {
      expect(errorOf(() => codec(type).encode({ id: bad })).message).toMatch(
        /^One\.id: expected a UUID, got/,
      );
    }
    expect(codec(type).decode(new Uint8Array(1))).toEqual({ id: "00000000-0000-0000-0000-000000000000" });
  });

  it("passes numbers of an enum that have no name", () => {
    const type = One<{ e: number }>((t) => [t.field(1, "e", t.enum({ A: 1 }))]);
    expect(again(type, { e: 77 })).toEqual({ e: 77 });
    expect(errorOf(() => codec(type).encode({ e: 1.5 })).message).toBe(
      "One.e: expected an enum value (an integer of 32 bits), got 1.5",
    );
  });
});

describe.each(variants)("defaults of the IDL (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);
  interface Defaults {
    a?: number;
    b?: string;
    c?: number;
    d?: string[];
    e?: Uint8Array;
    f?: Uint8Array;
  }
  const Defaults: Struct<Defaults> = struct("Defaults", (t) => [
    t.field(1, "a", t.i32, { default: 10 }),
    t.required(2, "b", t.string, { default: "ten" }),
    t.optional(3, "c", t.i32, { default: 30 }),
    t.optional(4, "d", t.list(t.string), { default: () => ["x"] }),
    t.optional(5, "e", t.binary, { default: () => new Uint8Array([1]) }),
    t.field(6, "f", t.binary, { default: () => new Uint8Array([2]) }),
  ]);
  const Bare: Struct<Defaults> = struct("Bare", (t) => [
    t.optional(1, "a", t.i32),
    t.optional(2, "b", t.string),
    t.optional(3, "c", t.i32),
    t.optional(4, "d", t.list(t.string)),
    t.optional(5, "e", t.binary),
    t.optional(6, "f", t.binary),
  ]);

  it("are written for fields that are not optional", () => {
    expect(codec(Bare).decode(codec(Defaults).encode({}))).toEqual({
      a: 10,
      b: "ten",
      f: new Uint8Array([2]),
    });
  });

  it("are filled in for all fields that were not sent", () => {
    expect(codec(Defaults).decode(codec(Bare).encode({ b: "sent" }))).toEqual({
      a: 10,
      b: "sent",
      c: 30,
      d: ["x"],
      e: new Uint8Array([1]),
      f: new Uint8Array([2]),
    });
  });

  it("are not written for optional fields, except for containers that were set", () => {
    const value = { c: 30, d: ["x"], e: new Uint8Array([1]) };
    expect(codec(Bare).decode(codec(Defaults).encode(value))).toEqual({
      a: 10,
      b: "ten",
      d: ["x"],
      f: new Uint8Array([2]),
    });
    expect(codec(Bare).decode(codec(Defaults).encode({ c: 31, e: new Uint8Array([3]) }))).toMatchObject({
      c: 31,
      e: new Uint8Array([3]),
    });
  });

  it("do not excuse a required field that was not sent", () => {
    expect(errorOf(() => codec(Defaults).decode(new Uint8Array(1))).message).toBe(
      "Defaults.b: is required, but was not sent",
    );
  });

  it("are fresh for every message", () => {
    const bytes = codec(Bare).encode({ b: "" });
    codec(Defaults).decode(bytes).d?.push("mine");
    expect(codec(Defaults).decode(bytes).d).toEqual(["x"]);
  });
});

describe.each(variants)("a union (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);
  type Shape =
    | { case: "item"; value: Item }
    | { case: "n"; value: number }
    | { case: undefined; value?: undefined };
  const Shape: Struct<Shape> = union("Shape", (t) => [
    t.optional(1, "item", Item),
    t.optional(2, "n", t.i32),
  ]);
  const Newer: Struct<{ case: "s"; value: string }> = union("Shape", (t) => [t.optional(3, "s", t.string)]);
  const Both: Struct<object> = struct("Both", (t) => [
    t.optional(1, "item", Item),
    t.optional(2, "n", t.i32),
  ]);

  it("carries the alternative that was chosen", () => {
    const values: Shape[] = [
      { case: "item", value: zero },
      { case: "n", value: 5 },
    ];
    for (const value of values) expect(codec(Shape).decode(codec(Shape).encode(value))).toStrictEqual(value);
  });

  it("is without a case when the peer chose an alternative that this IDL does not have", () => {
    expect(codec(Shape).decode(codec(Newer).encode({ case: "s", value: "x" }))).toStrictEqual({
      case: undefined,
    });
  });

  it("keeps such an alternative on request", () => {
    const keep = createCodecs({ ...options, unknownFields: "keep" }).struct(Shape);
    const message = codec(Newer).encode({ case: "s", value: "x" });
    const value = keep.decode(message);
    expect(value).toMatchObject({ case: undefined, [unknownFields]: [{ id: 3, type: 11 }] });
    expect(keep.encode(value)).toEqual(message);
  });

  it("takes the last alternative when a peer sent several", () => {
    expect(codec(Shape).decode(codec(Both).encode({ item: zero, n: 1 }))).toEqual({ case: "n", value: 1 });
  });

  it("is not written without exactly one alternative", () => {
    expect(errorOf(() => codec(Shape).encode({ case: undefined })).message).toBe(
      "Shape: expected a union with a case, got undefined",
    );
    expect(errorOf(() => codec(Shape).encode({ case: "m", value: 1 } as never)).message).toBe(
      'Shape: expected a case of item, n; got "m"',
    );
    expect(errorOf(() => codec(Shape).encode({ case: "n" } as never)).message).toBe(
      "Shape.n: expected an integer of 32 bits, got undefined",
    );
    expect(errorOf(() => codec(Shape).encode({ case: "toString", value: 1 } as never)).code).toBe(
      "invalid_argument",
    );
  });
});

describe.each(variants)("an exception (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);
  interface Fields {
    id: bigint;
    message?: string | undefined;
    name?: string | undefined;
  }
  const NotFound = exception<Fields>("NotFound", (t) => [
    t.field(1, "id", t.i64),
    t.optional(2, "message", t.string),
    t.optional(3, "name", t.string),
  ]);

  it("is an error of its class, before and after", () => {
    const sent = new NotFound({ id: 5n, message: "no such thing" });
    const came: Exception<Fields> = codec(NotFound).decode(codec(NotFound).encode(sent));
    expect(came).toBeInstanceOf(NotFound);
    expect(came).toBeInstanceOf(Error);
    expect([came.id, came.message, came.stack?.length]).toEqual([5n, "no such thing", expect.any(Number)]);
  });

  it("does not write what errors have by themselves", () => {
    const Plain: Struct<object> = struct("Plain", (t) => [
      t.optional(1, "id", t.i64),
      t.optional(2, "message", t.string),
      t.optional(3, "name", t.string),
    ]);
    expect(codec(Plain).decode(codec(NotFound).encode(new NotFound({ id: 1n })))).toStrictEqual({ id: 1n });
  });

  it("takes an object with the fields, too", () => {
    const came = codec(NotFound).decode(codec(NotFound).encode({ id: 7n, name: "n" } as never));
    expect(came).toBeInstanceOf(NotFound);
    expect([came.id, came.name]).toEqual([7n, "n"]);
  });
});

describe("golden bytes", () => {
  // Thrift's binary protocol: type, id, value for each field; big-endian.
  it("are those of the binary protocol", () => {
    const type = One<object>((t) => [
      t.field(1, "b", t.bool),
      t.field(2, "s", t.string),
      t.field(-1, "l", t.list(t.i16)),
    ]);
    expect(hexOf(type.encode({ b: true, s: "hé", l: [1, -2] }))).toBe(
      hexOf(bytesOf("02 0001 01", "0b 0002 00000003 68c3a9", "0f ffff 06 00000002 0001 fffe", "00")),
    );
  });

  // thrift-compact-protocol.md: distance and type in a byte, zigzag integers, doubles in little-endian order.
  it("are those of the compact protocol", () => {
    const type = One<object>((t) => [
      t.field(1, "b", t.bool),
      t.field(20, "s", t.string),
      t.field(21, "d", t.double),
      t.field(2, "l", t.list(t.i16)),
      t.field(3, "m", t.map(t.i8, t.bool)),
      t.field(4, "f", t.bool),
    ]);
    const value = { b: true, s: "a", d: 1, l: [1, -2], m: new Map([[5, true]]), f: false };
    expect(hexOf(createCodecs({ protocol: "compact" }).struct(type).encode(value))).toBe(
      hexOf(
        bytesOf("11", "08 28 01 61", "17 000000000000f03f", "09 04 24 02 03", "1b 01 31 05 01", "12", "00"),
      ),
    );
  });
});

describe("options", () => {
  it("are checked", () => {
    expect(() => createCodecs({ maxDepth: 0 })).toThrow(RangeError);
    expect(() => createCodecs({ maxDepth: 1.5 })).toThrow(RangeError);
  });

  it("are those of a descriptor's own codec by default", () => {
    expect(Item.encode(zero)).toEqual(createCodecs({}).struct(Item).encode(zero));
    expect(Item.decode(Item.encode(zero))).toEqual(zero);
  });

  it("cannot hide a descriptor that contradicts itself", () => {
    const bad = [
      struct<object>("Bad", (t) => [t.field(1, "a", t.i32), t.field(1, "b", t.i32)]),
      struct<object>("Bad", (t) => [t.field(1, "a", t.i32), t.field(2, "a", t.i32)]),
      struct<object>("Bad", (t) => [t.field(40000, "a", t.i32)]),
    ];
    for (const type of bad) expect(() => type.encode({})).toThrow(TypeError);
  });

  it("decode nothing but bytes", () => {
    expect(() => Item.decode("text" as never)).toThrow(TypeError);
  });
});
