import { describe, Fault, rethrowAt } from "./fault.ts";
import { defaultOf, type FieldPlan, isDefault, planOf, type StructPlan, wireTypeOf, zeroOf } from "./plan.ts";
import type { Reader } from "./protocol/reader.ts";
import { headerId } from "./protocol/wire.ts";
import { scalarRoom, type Writer } from "./protocol/writer.ts";
import { scalarOf } from "./scalars.ts";
import type { ExceptionClass, Struct, Type } from "./types.ts";
import { type UnknownField, type UnknownFieldKeeper, unknownFields } from "./unknown-fields.ts";

/*
 * Encoding and decoding by walking descriptors. This is the reference: compiled code does the same, and when it meets
 * something wrong it leaves the explanation, with the path to it, to the code here.
 */

/** Undefined: fields that a descriptor does not have are read over. */
type Keeper = UnknownFieldKeeper | undefined;
type Properties = Readonly<Record<PropertyKey, unknown>>;

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null;
}

function misfit(expected: string, value: unknown): Fault {
  return new Fault(`expected ${expected}, got ${describe(value)}`);
}

export function writeStruct(w: Writer, struct: Struct, value: unknown, keeper: Keeper): void {
  if (!isObject(value)) throw misfit(`an object (${struct.name})`, value);
  w.enter();
  const plan = planOf(struct);
  const kept = keeper && (value[unknownFields] as readonly UnknownField[] | undefined);
  let previous = 0;
  if (struct.kind === "union") {
    const name = value["case"] ?? undefined;
    if (name !== undefined || kept === undefined) {
      const field = alternative(plan, name);
      previous = writeField(w, field, previous, value["value"], keeper);
    }
  } else {
    for (const field of plan.fields) {
      const member = memberOf(value, field);
      if (member !== undefined) previous = writeField(w, field, previous, member, keeper);
    }
  }
  if (kept !== undefined) keeper?.write(w, kept, previous);
  w.room(1);
  w.stop();
  w.depth--;
}

function alternative(plan: StructPlan, name: unknown): FieldPlan {
  if (name === undefined) throw misfit("a union with a case", name);
  const field = plan.byProperty.get(name as string);
  if (field !== undefined) return field;
  throw new Fault(`expected a case of ${[...plan.byProperty.keys()].join(", ")}; got ${describe(name)}`);
}

/** What is written for a field; undefined when nothing is. */
function memberOf(value: Properties, plan: FieldPlan): unknown {
  const { field } = plan;
  const name = field.property;
  const member = plan.inherited && !Object.hasOwn(value, name) ? undefined : value[name];
  if (member !== undefined && member !== null) {
    return plan.dropsDefault && isDefault(field, member) ? undefined : member;
  }
  if (plan.hasDefault && field.requiredness !== "optional") return defaultOf(field);
  if (field.requiredness === "required" || field.requiredness === "argument") {
    rethrowAt(`.${name}`, new Fault(`is required, got ${describe(member)}`));
  }
  return undefined;
}

/** Returns the field's header. */
function writeField(
  w: Writer,
  { field, header, type }: FieldPlan,
  previous: number,
  value: unknown,
  keeper: Keeper,
): number {
  try {
    w.room(scalarRoom);
    if (type.kind === "bool") {
      if (typeof value !== "boolean") throw misfit("a boolean", value);
      w.boolField(header, previous, value);
    } else {
      w.field(header, previous);
      writeValue(w, type, value, keeper);
    }
  } catch (error) {
    rethrowAt(`.${field.property}`, error);
  }
  return header;
}

function writeValue(w: Writer, type: Type, value: unknown, keeper: Keeper): void {
  const scalar = scalarOf(type);
  if (scalar !== undefined) {
    if (!scalar.fits(value)) throw misfit(scalar.words, value);
    w.room(scalarRoom);
    scalar.write(w, value);
    return;
  }
  switch (type.kind) {
    case "list":
      if (!Array.isArray(value)) throw misfit("an array", value);
      return writeElements(w, type.element, value, keeper);
    case "set":
      if (type.array ? !Array.isArray(value) : !(value instanceof Set)) {
        throw misfit(type.array ? "an array" : "a Set", value);
      }
      return writeElements(w, type.element, [...(value as Iterable<unknown>)], keeper);
    case "map":
      if (!(value instanceof Map)) throw misfit("a Map", value);
      return writeEntries(w, type.key, type.value, [...value], keeper);
    case "record":
      if (!isObject(value) || Array.isArray(value) || value instanceof Map) {
        throw misfit("an object of entries", value);
      }
      return writeEntries(w, recordKey, type.value, Object.entries(value), keeper);
    case "foreign":
      if (!isObject(value)) throw misfit(`an object (${type.name})`, value);
      return type.write(w, value);
    default:
      return writeStruct(w, type as Struct, value, keeper);
  }
}

const recordKey: Type = { kind: "string" };

function writeElements(w: Writer, type: Type, values: readonly unknown[], keeper: Keeper): void {
  w.room(scalarRoom);
  w.list(wireTypeOf(type), values.length);
  for (let i = 0; i < values.length; i++) {
    try {
      writeValue(w, type, values[i], keeper);
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
  keeper: Keeper,
): void {
  w.room(scalarRoom);
  w.map(wireTypeOf(key), wireTypeOf(value), entries.length);
  for (const [k, v] of entries) {
    try {
      writeValue(w, key, k, keeper);
      writeValue(w, value, v, keeper);
    } catch (error) {
      rethrowAt(`[${describe(k)}]`, error);
    }
  }
}

export function readStruct(r: Reader, struct: Struct, keeper: Keeper): unknown {
  r.enter();
  const plan = planOf(struct);
  const values: unknown[] = new Array(plan.fields.length);
  let last: FieldPlan | undefined;
  let kept: UnknownField[] | undefined;
  for (let header = r.field(0); header !== 0; header = r.field(header)) {
    const field = plan.byHeader.get(header);
    try {
      if (field !== undefined) {
        values[field.index] = field.type.kind === "bool" ? r.boolField() : readValue(r, field.type, keeper);
        last = field;
      } else if (keeper !== undefined && !hasId(plan, headerId(header))) {
        kept = keeper.keep(r, header, kept);
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

function readValue(r: Reader, type: Type, keeper: Keeper): unknown {
  const scalar = scalarOf(type);
  if (scalar !== undefined) return scalar.read(r);
  switch (type.kind) {
    case "list":
      return readElements(r, type.element, keeper);
    case "set": {
      const elements = readElements(r, type.element, keeper);
      return type.array ? elements : new Set(elements);
    }
    case "map": {
      const map = new Map<unknown, unknown>();
      readEntries(r, type.key, type.value, keeper, (key, value) => map.set(key, value));
      return map;
    }
    case "record": {
      const record: Record<string, unknown> = {};
      readEntries(r, recordKey, type.value, keeper, (key, value) => setEntry(record, key as string, value));
      return record;
    }
    case "foreign":
      return type.read(r);
    default:
      return readStruct(r, type as Struct, keeper);
  }
}

function readElements(r: Reader, type: Type, keeper: Keeper): unknown[] {
  const size = r.list(wireTypeOf(type));
  const elements: unknown[] = [];
  for (let i = 0; i < size; i++) {
    try {
      elements.push(readValue(r, type, keeper));
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
  keeper: Keeper,
  add: (key: unknown, value: unknown) => void,
): void {
  const size = r.map(wireTypeOf(key), wireTypeOf(value));
  for (let i = 0; i < size; i++) {
    let k: unknown;
    try {
      k = readValue(r, key, keeper);
      add(k, readValue(r, value, keeper));
    } catch (error) {
      rethrowAt(k === undefined ? `[entry ${i}]` : `[${describe(k)}]`, error);
    }
  }
}
