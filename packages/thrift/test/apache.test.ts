import { RpcError } from "@slipstream/stream";
import thrift from "thrift";
import { describe, expect, it } from "vitest";
import { type ApacheClass, apacheStruct, type Int64Class } from "../src/apache.ts";
import {
  createCodecs,
  type ForeignStruct,
  type Method,
  type Service,
  type Struct,
  service,
  struct,
  t,
} from "../src/index.ts";
import { compileForNpmThrift, compilerMissing } from "./apache-compiler.ts";

const idl = `
  enum Color { RED = 1, GREEN = 2 }
  union Choice { 1: string text, 2: i64 n }
  exception Refused { 1: i32 code, 2: string message }
  struct Part { 1: required string name, 2: bool flag }
  struct Whole {
    1: bool aBool, 2: i8 anI8, 3: i16 anI16, 4: i32 anI32, 5: i64 anI64, 6: double aDouble, 7: string aString,
    8: binary aBinary, 9: Color aColor, 10: list<bool> bools, 11: set<i32> numbers, 12: map<string, i64> byText,
    13: map<i64, string> byNumber, 14: Part part, 15: list<Part> parts, 16: Choice choice, 17: optional Whole more,
    40: bool late
  }`;

interface Whole {
  [field: string]: unknown;
}

// The same in our own descriptors.
const Part: Struct<object> = struct("Part", () => [
  t.required(1, "name", t.string),
  t.optional(2, "flag", t.bool),
]);
const OurWhole: Struct<object> = struct("Whole", () => [
  t.optional(1, "aBool", t.bool),
  t.optional(2, "anI8", t.i8),
  t.optional(3, "anI16", t.i16),
  t.optional(4, "anI32", t.i32),
  t.optional(5, "anI64", t.i64),
  t.optional(6, "aDouble", t.double),
  t.optional(7, "aString", t.string),
  t.optional(8, "aBinary", t.binary),
  t.optional(9, "aColor", t.i32),
  t.optional(10, "bools", t.list(t.bool)),
  t.optional(11, "numbers", t.setArray(t.i32)),
  t.optional(12, "byText", t.record(t.i64)),
  t.optional(13, "byNumber", t.map(t.i64, t.string)),
  t.optional(14, "part", Part),
  t.optional(15, "parts", t.list(Part)),
  t.optional(
    16,
    "choice",
    struct<object>("Choice", () => [t.optional(2, "n", t.i64)]),
  ),
  t.optional(17, "more", OurWhole),
  t.optional(40, "late", t.bool),
]);

const { Int64 } = thrift as { Int64: Int64Class };
type Fields = Record<string, unknown>;

describe.skipIf(compilerMissing !== undefined).each(["js:node", "js:node,es6,ts"])(
  `classes of the Apache compiler (%s)${compilerMissing === undefined ? "" : `: skipped, ${compilerMissing}`}`,
  (generator) => {
    const gen = compilerMissing === undefined ? compileForNpmThrift(idl, generator) : {};
    const class_ = (name: string) => gen[name] as ApacheClass<Whole> & (new (fields?: Fields) => Whole);
    const whole = (): Whole =>
      new (class_("Whole"))({
        aBool: true,
        anI8: -5,
        anI16: 300,
        anI32: -70000,
        anI64: new Int64(-1, -2),
        aDouble: -0.5,
        aString: "hé😀",
        aBinary: Buffer.from([1, 2]),
        aColor: 2,
        bools: [true, false],
        numbers: [3, -3],
        byText: { a: new Int64(0x7fffffff, 5), b: 7 },
        byNumber: { "-9": "x" },
        part: new (class_("Part"))({ name: "p", flag: false }),
        parts: [new (class_("Part"))({ name: "q" })],
        choice: new (class_("Choice"))({ n: 9 }),
        more: new (class_("Whole"))({ late: true }),
        late: false,
      });
    const same = {
      aBool: true,
      anI8: -5,
      anI16: 300,
      anI32: -70000,
      anI64: -2n,
      aDouble: -0.5,
      aString: "hé😀",
      aBinary: new Uint8Array([1, 2]),
      aColor: 2,
      bools: [true, false],
      numbers: [3, -3],
      byText: { a: 0x7fffffff_00000005n, b: 7n },
      byNumber: new Map([[-9n, "x"]]),
      part: { name: "p", flag: false },
      parts: [{ name: "q" }],
      choice: { n: 9n },
      more: { late: true },
      late: false,
    };
    const descriptorOf = (name: string): ForeignStruct<Whole> => apacheStruct(class_(name), { Int64 });

    it.each(["binary", "compact"] as const)("write and read the bytes of our own (%s)", (protocol) => {
      const codecs = createCodecs({ protocol });
      const bytes = codecs.struct(descriptorOf("Whole")).encode(whole());
      expect(Buffer.from(bytes)).toEqual(Buffer.from(codecs.struct(OurWhole).encode(same)));
      const decoded = codecs.struct(descriptorOf("Whole")).decode(bytes);
      expect(decoded).toBeInstanceOf(class_("Whole"));
      expect(codecs.struct(OurWhole).decode(codecs.struct(descriptorOf("Whole")).encode(decoded))).toEqual(
        same,
      );
    });

    it("have i64 and binary as their declarations say, or i64 as bigint", () => {
      const bytes = OurWhole.encode(same);
      const decoded = descriptorOf("Whole").decode(bytes);
      expect(decoded["anI64"]).toBeInstanceOf(Int64);
      expect(String(decoded["anI64"])).toBe("-2");
      expect(decoded["aBinary"]).toBeInstanceOf(Buffer);
      expect(apacheStruct(class_("Whole")).decode(bytes)["anI64"]).toBe(-2n);
      expect(
        OurWhole.decode(apacheStruct(class_("Whole")).encode(new (class_("Whole"))({ anI64: 5n }))),
      ).toEqual({
        anI64: 5n,
      });
    });

    it("read over fields that they do not have, bools too", () => {
      const Newer: Struct<object> = struct("Part", () => [
        t.field(40, "late", OurWhole),
        t.field(41, "flag", t.bool),
        t.field(42, "flags", t.list(t.bool)),
        t.field(1, "name", t.string),
      ]);
      const part = new (class_("Part"))({ name: "n" });
      for (const protocol of ["binary", "compact"] as const) {
        const codecs = createCodecs({ protocol });
        const bytes = codecs
          .struct(Newer)
          .encode({ late: same, flag: true, flags: [true, false], name: "n" });
        expect(codecs.struct(descriptorOf("Part")).decode(bytes)).toEqual(part);
      }
    });

    it("are messages of methods: arguments, results, declared exceptions and streams", () => {
      const WholeStruct = descriptorOf("Whole");
      const Refused = apacheStruct(class_("Refused"));
      const Shop: Service<{
        get: Method<"pingpong", Whole, Whole>;
        talk: Method<"bidi", Whole, Whole>;
      }> = service("Shop", {}, (m) => ({
        get: m.pingpong("Get", [t.field(1, "whole", WholeStruct)], WholeStruct, [
          t.field(1, "refused", Refused),
        ]),
        talk: m.bidi("Talk", WholeStruct, WholeStruct),
      }));
      for (const { get, talk } of [
        Shop.methods,
        createCodecs({ engine: "interpreted" }).service(Shop).methods,
      ]) {
        expect(OurWhole.decode(talk.request.encode(whole()))).toEqual(same);
        expect(OurWhole.decode(talk.request.encode(get.request.decode(get.request.encode(whole()))))).toEqual(
          same,
        );
        expect(get.response.decode(get.response.encode(whole()))["aString"]).toBe("hé😀");
        const refused = new (class_("Refused"))({ code: 5, message: "no" });
        const bytes = get.response.encodeError?.(refused) as Uint8Array;
        expect(() => get.response.decode(bytes)).toThrow(expect.objectContaining({ code: 5, message: "no" }));
        expect(get.response.encodeError?.(new Error("other"))).toBeUndefined();
        expect(get.request.decode(new Uint8Array(1))).toEqual(new (class_("Whole"))());
      }
    });

    it("fail with an RpcError that says what was wrong", () => {
      const codec = descriptorOf("Whole");
      const problem = (run: () => unknown): string => {
        try {
          run();
        } catch (error) {
          if (error instanceof RpcError) return `${error.code}: ${error.message}`;
          throw error;
        }
        throw new Error("expected an error");
      };
      const encode = (fields: Fields) => problem(() => codec.encode(new (class_("Whole"))(fields)));
      const name = "Apache struct";
      expect(encode({ anI32: 2 ** 31 })).toBe(
        `invalid_argument: ${name}: expected an integer of 32 bits, got 2147483648`,
      );
      expect(encode({ anI64: "x" })).toBe(`invalid_argument: ${name}: expected a 64-bit integer, got "x"`);
      expect(encode({ aString: 5 })).toBe(`invalid_argument: ${name}: expected a string or bytes, got 5`);
      expect(problem(() => codec.encode({} as Whole))).toBe(
        `invalid_argument: ${name}: expected an instance of ${name}, got an object (Object)`,
      );
      expect(problem(() => codec.decode(new Uint8Array([8, 0, 4, 0])))).toMatch(
        /^internal: Apache struct: needs 4 bytes/,
      );
      expect(problem(() => codec.decode(new Uint8Array([15, 0, 10, 2, 127, 255, 255, 255])))).toMatch(
        /^internal: Apache struct: 2147483647 elements/,
      );
    });

    it("are not nested without limit", () => {
      let value = whole();
      for (let i = 0; i < 70; i++) value = new (class_("Whole"))({ more: value });
      expect(() => descriptorOf("Whole").encode(value)).toThrow("nested deeper than maxDepth (64)");
      const bytes = createCodecs({ maxDepth: 100 }).struct(descriptorOf("Whole")).encode(value);
      expect(() => descriptorOf("Whole").decode(bytes)).toThrow("nested deeper than maxDepth (64)");
    });
  },
);
