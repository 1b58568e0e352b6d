import { type FieldModel, type ResolvedType, resolveType, type Type } from "@slipstream/thrift-idl";
import type { FileContext } from "./context.ts";
import type { Layout } from "./layout.ts";
import { call, type Expression, generic, plain } from "./syntax.ts";

/** How a container type is held in TypeScript. */
export type Holder = "array" | "set" | "record" | "map";

/** A `Set` compares by identity what is not a scalar, so a set of such is an array; only strings can be keys of an object. */
export function holderOf(type: Extract<ResolvedType, { kind: "list" | "set" | "map" }>): Holder {
  if (type.kind === "list") return "array";
  if (type.kind === "map") {
    const key = resolveType(type.key);
    return key.kind === "base" && key.name === "string" ? "record" : "map";
  }
  const element = resolveType(type.element);
  return element.kind === "enum" || (element.kind === "base" && element.name !== "binary") ? "set" : "array";
}

/** The type as TypeScript. Typedefs keep their name. */
export function typeText(context: FileContext, type: Type): Layout {
  switch (type.kind) {
    case "base":
      return baseText(context, type.name);
    case "list":
    case "set": {
      const element = typeText(context, type.element);
      return holderOf(type) === "set" ? generic("Set", [element]) : [element, "[]"];
    }
    case "map": {
      const value = typeText(context, type.value);
      if (holderOf(type) === "record") return generic("Record", ["string", value]);
      return generic("Map", [typeText(context, type.key), value]);
    }
    default: {
      const name = context.reference(type.definition);
      return isException(type) ? generic(context.type("Exception"), [name]) : name;
    }
  }
}

/** The type of a constant: containers in it cannot be changed. */
export function readonlyTypeText(context: FileContext, type: Type): Layout {
  const resolved = resolveType(type);
  switch (resolved.kind) {
    case "list":
    case "set": {
      const element = readonlyTypeText(context, resolved.element);
      if (holderOf(resolved) === "set") return generic("ReadonlySet", [element]);
      const isArray = isHeldInArray(resolved.element);
      return isArray ? ["readonly (", element, ")[]"] : ["readonly ", element, "[]"];
    }
    case "map": {
      const value = readonlyTypeText(context, resolved.value);
      if (holderOf(resolved) === "record") return generic("Readonly", [generic("Record", ["string", value])]);
      return generic("ReadonlyMap", [readonlyTypeText(context, resolved.key), value]);
    }
    case "struct":
      return isException(type) ? typeText(context, type) : generic("Readonly", [typeText(context, type)]);
    default:
      return typeText(context, type);
  }
}

function isHeldInArray(type: Type): boolean {
  const resolved = resolveType(type);
  return (resolved.kind === "list" || resolved.kind === "set") && holderOf(resolved) === "array";
}

function baseText(context: FileContext, name: string): string {
  switch (name) {
    case "bool":
      return "boolean";
    case "i64":
      return context.options.i64;
    case "string":
    case "uuid":
      return "string";
    case "binary":
      return "Uint8Array";
    default:
      return "number";
  }
}

/** The descriptor of a type: typedefs are written out. */
export function descriptor(context: FileContext, type: Type): Expression {
  const resolved = resolveType(type);
  switch (resolved.kind) {
    case "base": {
      const isNumber = resolved.name === "i64" && context.options.i64 === "number";
      return plain(`t.${isNumber ? "i64Number" : resolved.name}`);
    }
    case "enum":
      return call("t.enum", [plain(context.reference(resolved.definition))]);
    case "struct":
      return plain(context.reference(resolved.definition));
    case "list":
      return call("t.list", [descriptor(context, resolved.element)]);
    case "set": {
      const name = holderOf(resolved) === "set" ? "t.set" : "t.setArray";
      return call(name, [descriptor(context, resolved.element)]);
    }
    case "map": {
      const value = descriptor(context, resolved.value);
      if (holderOf(resolved) === "record") return call("t.record", [value]);
      return call("t.map", [descriptor(context, resolved.key), value]);
    }
  }
}

export function isException(type: Type): boolean {
  const resolved = resolveType(type);
  return resolved.kind === "struct" && resolved.definition.kind === "exception";
}

/** True for fields that a message may lack: optional ones, and structs that need not be sent. */
export function mayBeAbsent(field: FieldModel): boolean {
  if (field.requiredness !== "default") return field.requiredness === "optional";
  return resolveType(field.type).kind === "struct";
}
