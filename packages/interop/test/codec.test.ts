import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createCodecs } from "@slipstream/thrift";
import { buildModel, type Model, SourceFile } from "@slipstream/thrift-idl";
import { generate } from "@slipstream/thriftgen";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Choice, Colour, Everything, Holder, type Leaf } from "../src/gen/lab.ts";
import { type KitexPeer, startKitexDriver } from "../src/index.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";

const count = 1000;
const seed = 20_261_121;

it("is printed from the IDL that Kitex's own tool reads", () => {
  const path = join(import.meta.dirname, "..", "idl", "lab.thrift");
  const { model } = buildModel([new SourceFile(path, readFileSync(path, "utf8"))]);
  const [file] = generate(model as Model).files;
  const kept = readFileSync(join(import.meta.dirname, "..", "src", "gen", "lab.ts"), "utf8");
  expect(kept, "pnpm --filter @slipstream/interop generate").toBe(file?.text);
});

describeKitex("a value of every type", () => {
  let kitex: KitexPeer;

  beforeAll(async () => {
    kitex = await startKitexDriver();
  }, buildLimitMs);

  afterAll(() => kitex?.[Symbol.asyncDispose]());

  describe.each(["compiled", "interpreted"] as const)("%s", (engine) => {
    const codec = createCodecs({ engine }).struct(Everything);

    it("is read as Kitex wrote it, and written so that Kitex reads the same", async () => {
      const written = await kitex.invent(count, seed);
      expect(written).toHaveLength(count);
      const pairs = written.map((bytes) => [bytes, codec.encode(codec.decode(bytes))] as const);
      expect(await kitex.compare(pairs)).toBeUndefined();
    });

    it("is read by Kitex as it was written, and written so that it is read the same", async () => {
      const values = fc.sample(everything, { numRuns: count, seed });
      const back = await kitex.recode(values.map((value) => codec.encode(value)));
      expect(back.map((bytes) => codec.decode(bytes))).toEqual(values);
    });
  });

  it("of default requiredness that is nil is written by Kitex as an empty struct, which Kitex itself cannot read", async () => {
    const { written, error } = await kitex.nilStruct();
    expect([...written]).toEqual([12, 0, 1, 0, 0]);
    expect(error).toContain("required field id is not set");
    expect([...Holder.encode({})]).toEqual([0]); // ours leaves it out
  });

  it("is told from another by Kitex", async () => {
    const [one, other] = await kitex.invent(2, seed);
    expect(await kitex.compare([[one as Uint8Array, other as Uint8Array]])).toContain("pair 0");
  });
});

const i8 = fc.integer({ min: -128, max: 127 });
const i16 = fc.integer({ min: -32_768, max: 32_767 });
const i32 = fc.integer();
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const double = fc.double({ noNaN: true });
const text = fc.string({ unit: "binary", maxLength: 12 });
const blob = fc.uint8Array({ maxLength: 20 });
const colour = fc.constantFrom(...Object.values(Colour));
const few = { maxLength: 3 };
const setOf = <T>(item: fc.Arbitrary<T>) => fc.uniqueArray(item, few).map((items) => new Set(items));
const mapOf = <K, V>(key: fc.Arbitrary<K>, value: fc.Arbitrary<V>) =>
  fc.array(fc.tuple(key, value), few).map((entries) => new Map(entries));
const recordOf = <V>(value: fc.Arbitrary<V>) => fc.dictionary(text, value, { maxKeys: 3 });

const leaf: fc.Arbitrary<Leaf> = fc.record(
  { id: i32, colour, name: text },
  { requiredKeys: ["id", "colour"] },
);

const choice: fc.Arbitrary<Choice> = fc.oneof(
  fc.record({ case: fc.constant("word" as const), value: text }),
  fc.record({ case: fc.constant("number" as const), value: i64 }),
  fc.record({ case: fc.constant("leaf" as const), value: leaf }),
  fc.record({ case: fc.constant("words" as const), value: fc.array(text, few) }),
);

const always = {
  flag: fc.boolean(),
  tiny: i8,
  small: i16,
  medium: i32,
  large: i64,
  ratio: double,
  text,
  blob,
  colour,
  moment: i64,
  leaf,
  flags: fc.array(fc.boolean(), few),
  tinies: fc.array(i8, few),
  larges: fc.array(i64, few),
  ratios: fc.array(double, few),
  texts: fc.array(text, few),
  blobs: fc.array(blob, few),
  leaves: fc.array(leaf, few),
  mediums: setOf(i32),
  names: setOf(text),
  pairs: recordOf(text),
  byId: mapOf(i32, leaf),
  byColour: mapOf(colour, fc.array(i16, few)),
  deep: mapOf(i64, recordOf(setOf(i32))),
  nested: fc.array(fc.array(recordOf(double), few), few),
  preset: i32,
  greeting: text,
};

const { everything } = fc.letrec<{ everything: Everything }>((tie) => ({
  everything: fc.record(
    {
      ...always,
      choice,
      maybeFlag: fc.boolean(),
      maybeMedium: i32,
      maybeRatio: double,
      maybeText: text,
      maybeBlob: blob,
      maybeColour: colour,
      maybeLeaves: fc.array(leaf, few),
      maybeNames: mapOf(fc.boolean(), text),
      self: fc.oneof({ maxDepth: 1 }, fc.record(always), tie("everything")),
      last: i64,
    },
    { requiredKeys: Object.keys(always) as (keyof typeof always)[] },
  ),
}));
