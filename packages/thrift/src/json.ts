import { fromBase64, RpcError, toBase64 } from "@slipstream/stream";
import { describe, Fault, rethrowAt } from "./fault.ts";
import { makeException, setEntry } from "./interpret.ts";
import { defaultOf, type FieldPlan, planOf, type StructPlan, zeroOf } from "./plan.ts";
import { isBytes } from "./protocol/platform.ts";
import type { EnumType, Struct, Type } from "./types.ts";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export interface JsonOptions {
  /**
   * How an i64 is written: as text, or as a number where a number can hold it (and as text where not). Both are read.
   * @defaultValue "string"
   */
  readonly i64?: "string" | "number";
  /**
   * How an enum value is written: by name where it has one, or always as a number. Both are read.
   * @defaultValue "name"
   */
  readonly enums?: "name" | "number";
  /**
   * What becomes of properties that are no fields when JSON is read.
   * @defaultValue "reject", which finds misspelt names
   */
  readonly unknownProperties?: "reject" | "ignore";
}

type JsonObject = { [key: string]: JsonValue };

/**
 * A value as JSON: structs as objects by the IDL's names, without absent fields; unions as objects of one property; binary
 * in base64; sets as arrays; maps as objects with their keys as text, or, where keys are structs or containers, as arrays
 * of pairs; `NaN` and infinities as text.
 * @throws RpcError `invalid_argument` when the value does not fit the type
 */
export function toJson<T>(type: Type<T>, value: T, options: JsonOptions = {}): JsonValue {
  return guarded(type, () => write(type, value, options));
}

/**
 * The value that such JSON stands for. What is absent or null is filled as if it had been decoded: with the default of the
 * IDL, or with zero.
 * @throws RpcError `invalid_argument` when the JSON does not fit the type
 */
export function fromJson<T>(type: Type<T>, json: JsonValue, options: JsonOptions = {}): T {
  return guarded(type, () => read(type, json, options)) as T;
}

function guarded<R>(type: Type, run: () => R): R {
  try {
    return run();
  } catch (error) {
    const name = "name" in type ? type.name : type.kind;
    throw error instanceof Fault ? error.toRpcError("invalid_argument", name) : error;
  }
}

function at<R>(step: string, run: () => R): R {
  try {
    return run();
  } catch (error) {
    return rethrowAt(step, error);
  }
}

function misfit(expected: string, value: unknown): Fault {
  return new Fault(`expected ${expected}, got ${describe(value)}`);
}

function write(type: Type, value: unknown, options: JsonOptions): JsonValue {
  switch (type.kind) {
    case "bool":
      if (typeof value !== "boolean") throw misfit("a boolean", value);
      return value;
    case "i8":
    case "i16":
    case "i32":
    case "i64Number":
      if (!Number.isSafeInteger(value)) throw misfit("an integer", value);
      return value as number;
    case "string":
    case "uuid":
      if (typeof value !== "string") throw misfit("a string", value);
      return value;
    case "i64": {
      if (typeof value !== "bigint") throw misfit("a bigint", value);
      const number = Number(value);
      return options.i64 === "number" && Number.isSafeInteger(number) ? number : String(value);
    }
    case "double":
      if (typeof value !== "number") throw misfit("a number", value);
      return Number.isFinite(value) ? value : String(value);
    case "binary":
      if (!isBytes(value)) throw misfit("a Uint8Array", value);
      return padded(toBase64(value));
    case "enum":
      if (!Number.isSafeInteger(value)) throw misfit("an enum value", value);
      return (options.enums !== "number" && nameOf(type, value as number)) || (value as number);
    case "list":
    case "set":
      return Array.from(value as Iterable<unknown>, (element, i) =>
        at(`[${i}]`, () => write(type.element, element, options)),
      );
    case "record":
      return writeMap({ kind: "string" }, type.value, Object.entries(value as object), options);
    case "map":
      return writeMap(type.key, type.value, [...(value as Map<unknown, unknown>)], options);
    case "foreign":
      throw new RpcError("unimplemented", `${type.name}: foreign structs have no descriptor to make JSON by`);
    default:
      if (typeof value !== "object" || value === null) throw misfit(`a ${type.name}`, value);
      return writeStruct(planOf(type), value as Record<string, unknown>, options);
  }
}

function padded(base64: string): string {
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, "=");
}

function nameOf(type: EnumType, value: number): string | undefined {
  return Object.entries(type.values).find(([, number]) => number === value)?.[0];
}

function writeMap(
  key: Type,
  value: Type,
  entries: readonly (readonly [unknown, unknown])[],
  options: JsonOptions,
): JsonValue {
  if (!isTextKey(key)) {
    return entries.map(([k, v], i) =>
      at(`[entry ${i}]`, () => [write(key, k, options), write(value, v, options)]),
    );
  }
  const json: JsonObject = {};
  for (const [k, v] of entries) {
    const text = String(write(key, k, options) as string | number | boolean);
    setEntry(
      json,
      text,
      at(`[${describe(text)}]`, () => write(value, v, options)),
    );
  }
  return json;
}

function isTextKey(key: Type): boolean {
  switch (key.kind) {
    case "list":
    case "set":
    case "map":
    case "record":
    case "struct":
    case "union":
    case "exception":
    case "foreign":
      return false;
    default:
      return true;
  }
}

function writeStruct(plan: StructPlan, value: Record<string, unknown>, options: JsonOptions): JsonObject {
  const json: JsonObject = {};
  for (const { field } of plan.fields) {
    const isUnion = plan.struct.kind === "union";
    const member = isUnion
      ? value["case"] === field.property
        ? value["value"]
        : undefined
      : value[field.property];
    if (member === undefined || member === null) continue;
    setEntry(
      json,
      field.name,
      at(`.${field.property}`, () => write(field.type, member, options)),
    );
  }
  return json;
}

function read(type: Type, json: unknown, options: JsonOptions): unknown {
  switch (type.kind) {
    case "bool":
      if (typeof json !== "boolean") throw misfit("true or false", json);
      return json;
    case "i8":
      return readInteger(json, 8);
    case "i16":
      return readInteger(json, 16);
    case "i32":
      return readInteger(json, 32);
    case "i64":
      return readLong(json);
    case "i64Number": {
      const number = Number(readLong(json));
      if (!Number.isSafeInteger(number)) throw misfit("a safe integer", json);
      return number;
    }
    case "double":
      return readDouble(json);
    case "string":
    case "uuid":
      if (typeof json !== "string") throw misfit("a string", json);
      return json;
    case "binary": {
      const bytes = typeof json === "string" ? fromBase64(json) : undefined;
      if (bytes === undefined) throw misfit("base64", json);
      return bytes;
    }
    case "enum":
      return readEnum(type, json);
    case "list":
    case "set": {
      if (!Array.isArray(json)) throw misfit("an array", json);
      const elements = json.map((element, i) => at(`[${i}]`, () => read(type.element, element, options)));
      return type.kind === "set" && !type.array ? new Set(elements) : elements;
    }
    case "record": {
      const record: Record<string, unknown> = {};
      for (const [key, value] of readEntries({ kind: "string" }, type.value, json, options)) {
        setEntry(record, key as string, value);
      }
      return record;
    }
    case "map":
      return new Map(readEntries(type.key, type.value, json, options));
    case "foreign":
      throw new RpcError("unimplemented", `${type.name}: foreign structs have no descriptor to read JSON by`);
    default:
      if (!isJsonObject(json)) throw misfit(`an object (${type.name})`, json);
      return type.kind === "union" ? readUnion(type, json, options) : readStruct(type, json, options);
  }
}

function isJsonObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function readInteger(json: unknown, bits: number): number {
  const shift = 32 - bits;
  if (typeof json !== "number" || (json << shift) >> shift !== json) {
    throw misfit(`an integer of ${bits} bits`, json);
  }
  return json;
}

function readLong(json: unknown): bigint {
  const isNumber = typeof json === "number" && Number.isSafeInteger(json);
  if (!isNumber && !(typeof json === "string" && /^[+-]?\d+$/.test(json))) {
    throw misfit("a 64-bit integer, as a safe number or as text", json);
  }
  const value = BigInt(json);
  if (BigInt.asIntN(64, value) !== value) throw misfit("an integer of 64 bits", json);
  return value;
}

function readDouble(json: unknown): number {
  if (typeof json === "number") return json;
  if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
  throw misfit("a number", json);
}

function readEnum(type: EnumType, json: unknown): number {
  if (typeof json === "number") return readInteger(json, 32);
  if (typeof json === "string" && Object.hasOwn(type.values, json)) return type.values[json] as number;
  throw misfit(`one of ${Object.keys(type.values).join(", ")}, or a number`, json);
}

function readEntries(key: Type, value: Type, json: unknown, options: JsonOptions): [unknown, unknown][] {
  if (!isTextKey(key)) {
    if (!Array.isArray(json)) throw misfit("an array of pairs", json);
    return json.map((pair: unknown, i) =>
      at(`[entry ${i}]`, () => {
        if (!Array.isArray(pair) || pair.length !== 2) throw misfit("a pair", pair);
        return [read(key, pair[0], options), read(value, pair[1], options)];
      }),
    );
  }
  if (!isJsonObject(json)) throw misfit("an object", json);
  return Object.entries(json).map(([text, entry]) =>
    at(`[${describe(text)}]`, () => [readKey(key, text, options), read(value, entry, options)]),
  );
}

/** A key is always text in JSON, whatever it would be as a value. */
function readKey(key: Type, text: string, options: JsonOptions): unknown {
  switch (key.kind) {
    case "bool":
      if (text !== "true" && text !== "false") throw misfit("true or false", text);
      return text === "true";
    case "i8":
    case "i16":
    case "i32":
      return read(key, /^-?\d+$/.test(text) ? Number(text) : text, options);
    case "enum":
      return read(key, /^-?\d+$/.test(text) ? Number(text) : text, options);
    case "double": {
      const number = Number(text);
      if (text.trim() === "" || (Number.isNaN(number) && text !== "NaN")) throw misfit("a number", text);
      return number;
    }
    default:
      return read(key, text, options);
  }
}

function readUnion(type: Struct, json: JsonObject, options: JsonOptions): unknown {
  const plan = planOf(type);
  const given = properties(plan, json, options);
  if (given.length !== 1) throw new Fault(`expected one alternative, got ${given.length}`);
  const [{ field }, value] = given[0] as [FieldPlan, JsonValue];
  return { case: field.property, value: at(`.${field.property}`, () => read(field.type, value, options)) };
}

/** The fields that are given, neither absent nor null. */
function properties(plan: StructPlan, json: JsonObject, options: JsonOptions): [FieldPlan, JsonValue][] {
  const byName = new Map(plan.fields.map((field) => [field.field.name, field]));
  const given: [FieldPlan, JsonValue][] = [];
  for (const [name, value] of Object.entries(json)) {
    const field = byName.get(name);
    if (field !== undefined) {
      if (value !== null) given.push([field, value]);
    } else if (options.unknownProperties !== "ignore") {
      throw new Fault(`has no field ${describe(name)}; its fields are ${[...byName.keys()].join(", ")}`);
    }
  }
  return given;
}

function readStruct(type: Struct, json: JsonObject, options: JsonOptions): unknown {
  const plan = planOf(type);
  const given = new Map(properties(plan, json, options));
  const result: Record<string, unknown> = {};
  for (const field of plan.fields) {
    const { property, requiredness } = field.field;
    const value = given.get(field);
    if (value !== undefined) {
      result[property] = at(`.${property}`, () => read(field.type, value, options));
    } else if (field.hasDefault) {
      result[property] = defaultOf(field.field);
    } else if (requiredness === "required") {
      rethrowAt(`.${property}`, new Fault("is required, but was not given"));
    } else if (requiredness !== "optional") {
      const zero = zeroOf(field.type);
      if (zero !== undefined) result[property] = zero;
    }
  }
  return type.kind === "exception" ? makeException(type, result) : result;
}
