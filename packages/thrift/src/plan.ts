import { fieldHeader } from "./protocol/wire.ts";
import * as WireType from "./protocol/wire-type.ts";
import { scalarOf, scalars } from "./scalars.ts";
import type { Field, Struct, Type } from "./types.ts";

export interface FieldPlan {
  readonly field: Field;
  /** Its place among the fields. */
  readonly index: number;
  readonly type: Type;
  /** See `fieldHeader`. */
  readonly header: number;
  /** Whether reading the property of an object without it would find something inherited. */
  readonly inherited: boolean;
  readonly hasDefault: boolean;
  /** Not written when equal to its default: optional, with a default that is no container or struct (as in Kitex). */
  readonly dropsDefault: boolean;
}

/** A struct's descriptor, checked and worked out once. */
export interface StructPlan {
  readonly struct: Struct;
  readonly fields: readonly FieldPlan[];
  readonly byHeader: ReadonlyMap<number, FieldPlan>;
  readonly byProperty: ReadonlyMap<string, FieldPlan>;
}

const plans = new WeakMap<Struct, StructPlan>();

/** @throws TypeError when the descriptor contradicts itself. */
export function planOf(struct: Struct): StructPlan {
  let plan = plans.get(struct);
  if (plan === undefined) {
    plan = makePlan(struct);
    plans.set(struct, plan);
  }
  return plan;
}

function makePlan(struct: Struct): StructPlan {
  const ids = new Set<number>();
  const byProperty = new Map<string, FieldPlan>();
  const parent: object = struct.kind === "exception" ? Error.prototype : Object.prototype;
  const fields = struct.fields.map((field, index): FieldPlan => {
    const where = `${struct.name}.${field.property}`;
    if (field.id !== (field.id << 16) >> 16) throw new TypeError(`${where}: field id ${field.id} is no i16`);
    if (ids.has(field.id)) throw new TypeError(`${where}: field id ${field.id} is used twice`);
    if (byProperty.has(field.property)) throw new TypeError(`${where}: the property is used twice`);
    if (field.property === "__proto__") {
      throw new TypeError(`${where}: an object cannot have this property; give the field another one`);
    }
    ids.add(field.id);
    const hasDefault = "default" in field && field.default !== undefined;
    const plan: FieldPlan = {
      field,
      index,
      type: field.type,
      header: fieldHeader(wireTypeOf(field.type), field.id),
      inherited: field.property in parent,
      hasDefault,
      dropsDefault: hasDefault && field.requiredness === "optional" && !isContainer(field.type),
    };
    byProperty.set(field.property, plan);
    return plan;
  });
  return { struct, fields, byHeader: new Map(fields.map((field) => [field.header, field])), byProperty };
}

export function wireTypeOf(type: Type): WireType.Id {
  switch (type.kind) {
    case "list":
      return WireType.List;
    case "set":
      return WireType.Set;
    case "map":
    case "record":
      return WireType.Map;
    case "struct":
    case "union":
    case "exception":
    case "foreign":
      return WireType.Struct;
    default:
      return scalars[type.kind].wire;
  }
}

export function isStruct(type: Type): type is Struct {
  return type.kind === "struct" || type.kind === "union" || type.kind === "exception";
}

function isContainer(type: Type): boolean {
  return (
    wireTypeOf(type) === WireType.Struct ||
    type.kind === "list" ||
    type.kind === "set" ||
    type.kind === "map" ||
    type.kind === "record"
  );
}

/** The default of a field that has one: fresh where it could be changed by whoever gets it. */
export function defaultOf(field: Field): unknown {
  return typeof field.default === "function" ? (field.default as () => unknown)() : field.default;
}

/** What a field of default requiredness is without having been sent; `undefined`, and so absent, for structs. */
export function zeroOf(type: Type): unknown {
  switch (type.kind) {
    case "list":
      return [];
    case "set":
      return type.array ? [] : new Set();
    case "map":
      return new Map();
    case "record":
      return {};
    case "binary":
      return new Uint8Array(0);
    default:
      return scalarOf(type)?.zero;
  }
}

/** Whether a value is its field's default, where `dropsDefault`. */
export function isDefault(field: Field, value: unknown): boolean {
  const standard = defaultOf(field);
  if (standard instanceof Uint8Array && value instanceof Uint8Array) {
    return standard.length === value.length && standard.every((byte, i) => byte === value[i]);
  }
  return standard === value;
}
