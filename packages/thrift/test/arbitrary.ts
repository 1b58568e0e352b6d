import fc, { type Arbitrary } from "fast-check";
import { exception, struct, t, union } from "../src/index.ts";
import type { Field, Requiredness, Struct, Type } from "../src/types.ts";

/** What the oracles cannot do is left out on request. */
export interface Limits {
  readonly uuid?: boolean;
  readonly negativeZero?: boolean;
}

/** Values of a type, as they come out of decoding: what default fields lack is there already. */
export function valueOf(type: Type, limits: Limits = {}, depth = 0): Arbitrary<unknown> {
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "i8":
      return fc.integer({ min: -128, max: 127 });
    case "i16":
      return fc.integer({ min: -32768, max: 32767 });
    case "i32":
      return fc.integer();
    case "enum":
      return fc.constantFrom(...Object.values(type.values));
    case "i64":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "i64Number":
      return fc.maxSafeInteger();
    case "double":
      return limits.negativeZero === false ? fc.double().map((value) => value + 0) : fc.double();
    case "string":
      return text;
    case "binary":
      return fc.uint8Array({ maxLength: 40 });
    case "uuid":
      return fc.uuid();
    case "list":
      return elements(type.element, limits, depth);
    case "set": {
      const all = elements(type.element, limits, depth);
      return type.array ? all : all.map((values) => new Set(values));
    }
    case "map":
      return entries(type.key, type.value, limits, depth).map((all) => new Map(all));
    case "record":
      return entries(t.string, type.value, limits, depth).map((all) =>
        Object.fromEntries(all as [string, unknown][]),
      );
    case "foreign":
      throw new Error("no values of foreign structs");
    default:
      return structOf(type, limits, depth);
  }
}

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
);

function elements(type: Type, limits: Limits, depth: number): Arbitrary<unknown[]> {
  if (depth > 3) return fc.constant([]);
  const size = type.kind === "i8" || type.kind === "bool" ? 40 : 4;
  return fc.array(valueOf(type, limits, depth + 1), { maxLength: size });
}

function entries(key: Type, value: Type, limits: Limits, depth: number): Arbitrary<[unknown, unknown][]> {
  if (depth > 3) return fc.constant([]);
  const pair = fc.tuple(valueOf(key, limits, depth + 1), valueOf(value, limits, depth + 1));
  return fc.array(pair, { maxLength: 4 });
}

function structOf(type: Struct, limits: Limits, depth: number): Arbitrary<unknown> {
  if (type.kind === "union") {
    const cases = type.fields.filter((field) => depth < 4 || !nests(field.type));
    return fc.oneof(
      ...cases.map((field) =>
        valueOf(field.type, limits, depth + 1).map((value) => ({ case: field.property, value })),
      ),
    );
  }
  const members: Record<string, Arbitrary<unknown>> = {};
  const required: string[] = [];
  for (const field of type.fields) {
    const mayBeAbsent =
      field.requiredness === "optional" || (field.requiredness === "default" && nests(field.type));
    if (mayBeAbsent && depth > 3 && nests(field.type)) continue;
    if (!mayBeAbsent) required.push(field.property);
    members[field.property] = valueOf(field.type, limits, depth + 1);
  }
  const fields = fc.record(members, { requiredKeys: required, noNullPrototype: true });
  if (type.kind !== "exception") return fields;
  return fields.map((values) => new (type as unknown as new (values: object) => Error)(values));
}

function nests(type: Type): boolean {
  return type.kind === "struct" || type.kind === "union" || type.kind === "exception";
}

const scalars: readonly Type[] = [
  t.bool,
  t.i8,
  t.i16,
  t.i32,
  t.i64,
  t.i64Number,
  t.double,
  t.string,
  t.binary,
  t.enum({ A: 0, B: 1, C: -7 }),
];

const keys: readonly Type[] = [t.bool, t.i8, t.i16, t.i32, t.i64, t.double, t.string];

/** Random types, with structs made for them on the way. */
export function anyType(limits: Limits, depth = 0): Arbitrary<Type> {
  const scalar = fc.constantFrom(...scalars, ...(limits.uuid === false ? [] : [t.uuid]));
  if (depth > 2) return scalar;
  const inner = anyType(limits, depth + 1);
  return fc.oneof(
    { weight: 5, arbitrary: scalar },
    { weight: 1, arbitrary: inner.map((element) => t.list(element)) },
    { weight: 1, arbitrary: fc.constantFrom(...keys).map((element) => t.set(element)) },
    { weight: 1, arbitrary: inner.map((element) => t.setArray(element)) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...keys), inner).map(([key, value]) => t.map(key, value)),
    },
    { weight: 1, arbitrary: inner.map((value) => t.record(value)) },
    { weight: 2, arbitrary: anyStruct(limits, depth + 1) },
  ) as Arbitrary<Type>;
}

/** Random structs, unions and exceptions. */
export function anyStruct(limits: Limits, depth = 0): Arbitrary<Struct> {
  const id = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 30 }) },
    { weight: 1, arbitrary: fc.integer({ min: -32768, max: 32767 }) },
  );
  const requiredness = fc.constantFrom<Requiredness>("default", "required", "optional");
  const field = fc.tuple(id, anyType(limits, depth + 1), requiredness);
  const fields = fc.uniqueArray(field, { selector: ([number]) => number, minLength: 1, maxLength: 6 });
  const kind = fc.constantFrom("struct", "struct", "union", "exception");
  return fc.tuple(kind, fields).map(([name, all]) => {
    const list = all.map(
      ([number, type, needed], i): Field => ({
        id: number,
        property: `f${i}`,
        name: `f${i}`,
        type,
        requiredness: name === "union" ? "optional" : needed,
      }),
    );
    const make = { struct, union, exception }[name] as typeof struct;
    return make(`Random${name}`, () => list);
  });
}

/** A struct and a value of it. */
export function structAndValue(limits: Limits = {}): Arbitrary<{ type: Struct; value: unknown }> {
  return anyStruct(limits).chain((type) => valueOf(type, limits).map((value) => ({ type, value })));
}
