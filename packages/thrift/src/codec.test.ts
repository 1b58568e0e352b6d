import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, errorOf, hexOf, Item, One, Required, variants, zero } from "../test/support.ts";
import { createCodecs, type Struct, struct } from "./index.ts";

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

  it("writes over bytes that were given back, and over no others", () => {
    const { struct: own } = createCodecs(options);
    const kept: { bytes: Uint8Array; copy: Buffer }[] = [];
    const buffers = new Set<ArrayBufferLike>();
    const encode = (i: number, size: number): Uint8Array => {
      const data = new Uint8Array(size).fill(i);
      const bytes = own(Item).encode({ ...zero, sku: `sku ${i}`, data });
      buffers.add(bytes.buffer);
      return bytes;
    };
    const keep = (bytes: Uint8Array): void => {
      kept.push({ bytes, copy: Buffer.from(bytes) });
    };
    for (let i = 0; i < 2_000; i++) {
      const first = encode(i, 900);
      const second = encode(i + 1, i % 10 === 0 ? 70_000 + i : 900);
      if (i % 500 === 0) {
        keep(first);
        keep(second);
      } else {
        // A refused value between must change nothing.
        if (i % 7 === 0) errorOf(() => own(Item).encode({ ...zero, sku: 5 as never }));
        own(Item).release?.(second);
        own(Item).release?.(first);
      }
    }
    expect(kept.filter(({ bytes, copy }) => !copy.equals(bytes))).toEqual([]);
    // About 70 small messages that are not given back in turn take a chunk of 64 KiB.
    expect(buffers.size).toBeLessThan(60);
  });

  it("writes what it should, whichever messages were given back, in whichever order", () => {
    const sizes = fc.constantFrom(0, 5, 6, 900, 7_000, 15_000, 20_000);
    const step = fc.record({ size: sizes, givesBack: fc.boolean(), at: fc.nat(), waits: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { struct: own } = createCodecs(options);
        const held: { bytes: Uint8Array; expected: Uint8Array }[] = [];
        for (const [i, { size, givesBack, at, waits }] of steps.entries()) {
          const item = { ...zero, quantity: i, data: new Uint8Array(size).fill(i) };
          held.push({ bytes: own(Item).encode(item), expected: codec(Item).encode(item) });
          expect(held.every(({ bytes, expected }) => Buffer.compare(bytes, expected) === 0)).toBe(true);
          if (!givesBack) continue;
          const [given] = held.splice(waits ? at % held.length : -1, 1);
          own(Item).release?.(given?.bytes as Uint8Array);
        }
      }),
    );
  });

  it("writes into new memory when a message may not fit, whatever lay where its memory ended", () => {
    const around = codec(Item).encode(zero).length;
    for (let left = 40; left < 400; left++) {
      const { struct: own } = createCodecs(options);
      const fill = (size: number): Uint8Array =>
        own(Item).encode({ ...zero, data: new Uint8Array(size - around) });
      for (let i = 0; i < 4; i++) fill(12_000);
      fill(64 * 1024 - 4 * 12_000 - left);
      own(Item).release?.(own(Item).encode({ ...zero, data: new Uint8Array(20) }));
      // As long as the one before, but more room is asked for text.
      const text = { ...zero, sku: "x".repeat(20) };
      expect(hexOf(own(Item).encode(text))).toBe(hexOf(codec(Item).encode(text)));
    }
  });

  describe("of a message that nobody else has", () => {
    /** The memory in which a value is, of a message that lies among `memoryBytes` of others; the message's own or not. */
    function sharesMemory(valueBytes: number, memoryBytes: number, isOwned = true): boolean {
      const data = new Uint8Array(valueBytes).fill(9);
      const message = codec(Item).encode({ ...zero, data });
      const memory = new Uint8Array(memoryBytes);
      memory.set(message, memoryBytes - message.length);
      const decoded = codec(Item).decode(memory.subarray(memoryBytes - message.length), isOwned).data;
      expect([decoded.length, decoded.every((byte) => byte === 9)]).toEqual([valueBytes, true]);
      return decoded.buffer === memory.buffer;
    }

    it("lends a view where a copy would be most of its memory", () => {
      expect(sharesMemory(70_000, 139_000)).toBe(true);
      expect(sharesMemory(70_000, 141_000)).toBe(false);
      expect(sharesMemory(70_000, 139_000, false)).toBe(false);
    });

    it("copies what is less, so that a small value that stays does not keep what came with it", () => {
      expect(sharesMemory(1_000, 64 * 1024)).toBe(false);
      expect(sharesMemory(10_000, 64 * 1024)).toBe(false);
      expect(sharesMemory(64, 1024)).toBe(false);
    });
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
