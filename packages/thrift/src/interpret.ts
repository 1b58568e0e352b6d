import { describe, Fault, rethrowAt } from "./fault.ts";
import {
  defaultOf,
  type FieldPlan,
  isDefault,
  minimumSize,
  type Protocol,
  planOf,
  type StructPlan,
  wireTypeOf,
  zeroOf,
} from "./plan.ts";
import { isBytes } from "./protocol/platform.ts";
import type { Reader } from "./protocol/reader.ts";
import { headerId } from "./protocol/wire.ts";
import { scalarRoom, type Writer } from "./protocol/writer.ts";
import type { ExceptionClass, Struct, Type } from "./types.ts";
import { keepField, type UnknownField, unknownFields, writeUnknown } from "./unknown-fields.ts";

/**
 * Encoding and decoding by walking descriptors. This is the reference: compiled code does the same, and when it meets
 * something wrong it leaves the explanation, with the path to it, to the code here.
 */
export interface InterpretOptions {
  readonly protocol: Protocol;
  readonly keepUnknown: boolean;
}

type Properties = Readonly<Record<PropertyKey, unknown>>;

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null;
}

function property(value: Properties, plan: FieldPlan): unknown {
  const name = plan.field.property;
  return plan.inherited && !Object.hasOwn(value, name) ? undefined : value[name];
}

export function writeStruct(w: Writer, struct: Struct, value: unknown, options: InterpretOptions): void {
  if (!isObject(value)) throw misfit(`an object (${struct.name})`, value);
  w.enter();
  const plan = planOf(struct);
  const previous =
    struct.kind === "union"
      ? writeAlternative(w, plan, value, options)
      : writeFields(w, plan, value, options);
  if (options.keepUnknown) {
    const kept = value[unknownFields] as readonly UnknownField[] | undefined;
    if (kept !== undefined) writeUnknown(w, kept, previous);
  }
  w.room(1);
  w.stop();
  w.depth--;
}

function writeFields(w: Writer, plan: StructPlan, value: Properties, options: InterpretOptions): number {
  let previous = 0;
  for (const field of plan.fields) {
    const { requiredness } = field.field;
    let member = property(value, field);
    if (member === undefined || member === null) {
      if (field.hasDefault && requiredness !== "optional") {
        member = defaultOf(field.field);
      } else if (requiredness === "required" || requiredness === "argument") {
        return rethrowAt(`.${field.field.property}`, new Fault(`is required, got ${describe(member)}`));
      } else continue;
    }
    if (field.dropsDefault && isDefault(field.field, member)) continue;
    writeField(w, field, previous, member, options);
    previous = field.header;
  }
  return previous;
}

function writeAlternative(w: Writer, plan: StructPlan, value: Properties, options: InterpretOptions): number {
  const name = value["case"];
  if (name === undefined || name === null) {
    if (options.keepUnknown && value[unknownFields] !== undefined) return 0;
    throw new Fault(`expected a union with a case, got ${describe(name)}`);
  }
  const field = plan.byProperty.get(name as string);
  if (field === undefined) {
    throw new Fault(`expected a case of ${[...plan.byProperty.keys()].join(", ")}; got ${describe(name)}`);
  }
  writeField(w, field, 0, value["value"], options);
  return field.header;
}

function writeField(
  w: Writer,
  field: FieldPlan,
  previous: number,
  value: unknown,
  options: InterpretOptions,
): void {
  try {
    w.room(scalarRoom);
    if (field.type.kind === "bool") {
      if (typeof value !== "boolean") throw misfit("a boolean", value);
      w.boolField(field.header, previous, value);
    } else {
      w.field(field.header, previous);
      writeValue(w, field.type, value, options);
    }
  } catch (error) {
    rethrowAt(`.${field.field.property}`, error);
  }
}

function misfit(expected: string, value: unknown): Fault {
  return new Fault(`expected ${expected}, got ${describe(value)}`);
}

const integers = {
  i8: { words: "an integer of 8 bits", shift: 24 },
  i16: { words: "an integer of 16 bits", shift: 16 },
  i32: { words: "an integer of 32 bits", shift: 0 },
  enum: { words: "an enum value (an integer of 32 bits)", shift: 0 },
} as const;

function integer(kind: keyof typeof integers, value: unknown): number {
  const { words, shift } = integers[kind];
  if (typeof value !== "number" || (value << shift) >> shift !== value) throw misfit(words, value);
  return value;
}

function writeValue(w: Writer, type: Type, value: unknown, options: InterpretOptions): void {
  w.room(scalarRoom);
  switch (type.kind) {
    case "bool":
      if (typeof value !== "boolean") throw misfit("a boolean", value);
      return w.bool(value);
    case "i8":
      return w.i8(integer("i8", value));
    case "i16":
      return w.i16(integer("i16", value));
    case "i32":
    case "enum":
      return w.i32(integer(type.kind, value));
    case "i64":
      if (typeof value !== "bigint") throw misfit("a bigint", value);
      return w.i64(value);
    case "i64Number":
      if (!Number.isSafeInteger(value)) throw misfit("a safe integer", value);
      return w.i64Number(value as number);
    case "double":
      if (typeof value !== "number") throw misfit("a number", value);
      return w.double(value);
    case "string":
      if (typeof value !== "string") throw misfit("a string", value);
      return w.string(value);
    case "binary":
      if (!isBytes(value)) throw misfit("a Uint8Array", value);
      return w.binary(value);
    case "uuid":
      if (typeof value !== "string") throw misfit("a UUID", value);
      return w.uuid(value);
    case "list":
      if (!Array.isArray(value)) throw misfit("an array", value);
      return writeElements(w, type.element, value, options);
    case "set":
      if (type.array) {
        if (!Array.isArray(value)) throw misfit("an array", value);
        return writeElements(w, type.element, value, options);
      }
      if (!(value instanceof Set)) throw misfit("a Set", value);
      return writeElements(w, type.element, [...value], options);
    case "map":
      if (!(value instanceof Map)) throw misfit("a Map", value);
      return writeEntries(w, type.key, type.value, [...value], options);
    case "record":
      if (!isObject(value) || Array.isArray(value) || value instanceof Map) {
        throw misfit("an object of entries", value);
      }
      return writeEntries(w, recordKey, type.value, Object.entries(value), options);
    case "foreign":
      if (!isObject(value)) throw misfit(`an object (${type.name})`, value);
      return type.write(w, value);
    default:
      return writeStruct(w, type, value, options);
  }
}

const recordKey: Type = { kind: "string" };

function writeElements(w: Writer, type: Type, values: readonly unknown[], options: InterpretOptions): void {
  w.list(wireTypeOf(type), values.length);
  for (let i = 0; i < values.length; i++) {
    try {
      writeValue(w, type, values[i], options);
    } catch (error) {
      rethrowAt(`[${i}]`, error);
    }
  }
}

function writeEntries(
  w: Writer,
  key: Type,
  value: Type,
  entries: readonly (readonly [unknown, unknown])[],
  options: InterpretOptions,
): void {
  w.map(wireTypeOf(key), wireTypeOf(value), entries.length);
  for (const [k, v] of entries) {
    try {
      writeValue(w, key, k, options);
      writeValue(w, value, v, options);
    } catch (error) {
      rethrowAt(`[${describe(k)}]`, error);
    }
  }
}

export function readStruct(r: Reader, struct: Struct, options: InterpretOptions): unknown {
  r.enter();
  const plan = planOf(struct);
  const values: unknown[] = new Array(plan.fields.length);
  let last: FieldPlan | undefined;
  let kept: UnknownField[] | undefined;
  for (let header = r.field(0); header !== 0; header = r.field(header)) {
    const field = plan.byHeader.get(header);
    try {
      if (field !== undefined) {
        values[field.index] = field.type.kind === "bool" ? r.boolField() : readValue(r, field.type, options);
        last = field;
      } else if (options.keepUnknown && !hasId(plan, headerId(header))) {
        kept = keepField(r, header, kept);
      } else r.skipField(header);
    } catch (error) {
      rethrowAt(field === undefined ? ` field ${headerId(header)}` : `.${field.field.property}`, error);
    }
  }
  r.depth--;
  const result: Record<PropertyKey, unknown> = {};
  if (struct.kind === "union") {
    result["case"] = last?.field.property;
    if (last !== undefined) result["value"] = values[last.index];
  } else {
    for (const field of plan.fields) setProperty(result, field, values[field.index]);
  }
  if (kept !== undefined) result[unknownFields] = kept;
  return struct.kind === "exception" ? makeException(struct, result) : result;
}

function hasId(plan: StructPlan, id: number): boolean {
  return plan.fields.some(({ field }) => field.id === id);
}

function setProperty(result: Record<PropertyKey, unknown>, plan: FieldPlan, sent: unknown): void {
  const { field } = plan;
  let value = sent;
  if (value === undefined) {
    if (field.requiredness === "required") {
      rethrowAt(`.${field.property}`, new Fault("is required, but was not sent"));
    }
    if (plan.hasDefault) value = defaultOf(field);
    else if (field.requiredness !== "optional") value = zeroOf(field.type);
    if (value === undefined) return;
  }
  result[field.property] = value;
}

export function makeException(struct: Struct, fields: Record<PropertyKey, unknown>): unknown {
  const error = new (struct as ExceptionClass)(fields);
  if (fields[unknownFields] !== undefined) Object.assign(error, { [unknownFields]: fields[unknownFields] });
  return error;
}

/** Entries of a record are its own, whatever they are called. */
export function setEntry(record: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
  } else record[key] = value;
}

function readValue(r: Reader, type: Type, options: InterpretOptions): unknown {
  switch (type.kind) {
    case "bool":
      return r.bool();
    case "i8":
      return r.i8();
    case "i16":
      return r.i16();
    case "i32":
    case "enum":
      return r.i32();
    case "i64":
      return r.i64();
    case "i64Number":
      return r.i64Number();
    case "double":
      return r.double();
    case "string":
      return r.string();
    case "binary":
      return r.binary();
    case "uuid":
      return r.uuid();
    case "list":
      return readElements(r, type.element, options);
    case "set": {
      const elements = readElements(r, type.element, options);
      return type.array ? elements : new Set(elements);
    }
    case "map": {
      const map = new Map<unknown, unknown>();
      readEntries(r, type.key, type.value, options, (key, value) => map.set(key, value));
      return map;
    }
    case "record": {
      const record: Record<string, unknown> = {};
      readEntries(r, recordKey, type.value, options, (key, value) => setEntry(record, key as string, value));
      return record;
    }
    case "foreign":
      return type.read(r);
    default:
      return readStruct(r, type, options);
  }
}

function readElements(r: Reader, type: Type, options: InterpretOptions): unknown[] {
  const size = r.list(wireTypeOf(type), minimumSize(type, options.protocol));
  const elements: unknown[] = [];
  for (let i = 0; i < size; i++) {
    try {
      elements.push(readValue(r, type, options));
    } catch (error) {
      rethrowAt(`[${i}]`, error);
    }
  }
  return elements;
}

function readEntries(
  r: Reader,
  key: Type,
  value: Type,
  options: InterpretOptions,
  add: (key: unknown, value: unknown) => void,
): void {
  const minimum = minimumSize(key, options.protocol) + minimumSize(value, options.protocol);
  const size = r.map(wireTypeOf(key), wireTypeOf(value), minimum);
  for (let i = 0; i < size; i++) {
    let k: unknown;
    try {
      k = readValue(r, key, options);
      add(k, readValue(r, value, options));
    } catch (error) {
      rethrowAt(k === undefined ? `[entry ${i}]` : `[${describe(k)}]`, error);
    }
  }
}
