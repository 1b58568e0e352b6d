import type { DiagnosticSink } from "../diagnostics.ts";
import type { BaseTypeName, Type } from "../model.ts";
import type { TypeSyntax } from "../parse/syntax.ts";
import { didYouMean } from "../suggest.ts";
import { lookUp, type Scope } from "./scope.ts";

const baseTypes: ReadonlyMap<string, BaseTypeName> = new Map([
  ["bool", "bool"],
  ["byte", "i8"],
  ["i8", "i8"],
  ["i16", "i16"],
  ["i32", "i32"],
  ["i64", "i64"],
  ["double", "double"],
  ["string", "string"],
  ["binary", "binary"],
  ["uuid", "uuid"],
]);

/** What people write who come from other languages. */
const foreignNames: Readonly<Record<string, string>> = {
  int: "i32",
  int8: "i8",
  int16: "i16",
  int32: "i32",
  int64: "i64",
  integer: "i32",
  long: "i64",
  short: "i16",
  char: "i8",
  uint8: "i16",
  uint16: "i32",
  uint32: "i64",
  uint64: "i64",
  u8: "i16",
  u16: "i32",
  u32: "i64",
  u64: "i64",
  float: "double",
  float32: "double",
  float64: "double",
  f32: "double",
  f64: "double",
  number: "double",
  boolean: "bool",
  str: "string",
  text: "string",
  bytes: "binary",
  array: "list",
  vector: "list",
  dict: "map",
};

/** Finds what a written type means; `undefined` when it means nothing, which is told. */
export function resolveTypeSyntax(scope: Scope, syntax: TypeSyntax, sink: DiagnosticSink): Type | undefined {
  const { annotations } = syntax;
  switch (syntax.kind) {
    case "list":
    case "set": {
      const element = resolveTypeSyntax(scope, syntax.element, sink);
      return element && { kind: syntax.kind, element, annotations };
    }
    case "map": {
      const key = resolveTypeSyntax(scope, syntax.key, sink);
      const value = resolveTypeSyntax(scope, syntax.value, sink);
      return key && value && { kind: "map", key, value, annotations };
    }
    case "name":
      return resolveName(scope, syntax.name, syntax, sink);
  }
}

function resolveName(scope: Scope, name: string, syntax: TypeSyntax, sink: DiagnosticSink): Type | undefined {
  const { annotations, span } = syntax;
  const base = baseTypes.get(name);
  // thriftgo does not know uuid, so IDL exists that defines it.
  if (base !== undefined && !(name === "uuid" && scope.names.has(name))) {
    return { kind: "base", name: base, annotations };
  }
  const found = lookUp(scope, name);
  if (found === "broken") return undefined;
  switch (found?.kind) {
    case "typedef":
      return { kind: "typedef", definition: found.model, annotations };
    case "enum":
      return { kind: "enum", definition: found.model, annotations };
    case "struct":
      return { kind: "struct", definition: found.model, annotations };
    case "const":
    case "service":
      sink.error(span, `"${name}" is a ${found.kind}, not a type`);
      return undefined;
    case undefined:
      sink.error(span, `unknown type "${name}"`, () => helpForUnknown(scope, name));
      return undefined;
  }
}

function helpForUnknown(scope: Scope, name: string): string {
  if (name === "void") return "only a method can be void";
  const bare = name.slice(name.lastIndexOf(".") + 1);
  const elsewhere = scope.includes.find((included) => isType(included, bare));
  if (elsewhere !== undefined) return `write ${elsewhere.file.name}.${bare}`;
  const foreign = Object.hasOwn(foreignNames, name.toLowerCase())
    ? foreignNames[name.toLowerCase()]
    : undefined;
  if (foreign !== undefined) return `write ${foreign}`;
  const further = indirect(scope).find((file) => isType(file, bare));
  if (further !== undefined) return `include the file that defines it, "${further.file.path}", directly`;
  return didYouMean(name, typeNames(scope)) ?? "define it, or include the file that defines it";
}

function isType(scope: Scope, name: string): boolean {
  const kind = scope.names.get(name)?.kind;
  return kind === "struct" || kind === "enum" || kind === "typedef";
}

/** Files that are included only by included files. */
function indirect(scope: Scope): readonly Scope[] {
  const seen = new Set<Scope>(scope.includes);
  for (const file of seen) for (const included of file.includes) seen.add(included);
  return [...seen];
}

function* typeNames(scope: Scope): Generator<string> {
  for (const name of scope.names.keys()) if (isType(scope, name)) yield name;
  for (const included of scope.includes) {
    for (const name of included.names.keys()) {
      if (isType(included, name)) yield `${included.file.name}.${name}`;
    }
  }
  yield* baseTypes.keys();
  yield* ["list", "set", "map"];
}

/** A type as it is written in IDL. */
export function formatType(type: Type): string {
  switch (type.kind) {
    case "base":
      return type.name;
    case "list":
    case "set":
      return `${type.kind}<${formatType(type.element)}>`;
    case "map":
      return `map<${formatType(type.key)}, ${formatType(type.value)}>`;
    default:
      return type.definition.name;
  }
}

/** True for types that are written the same in TypeScript, typedefs seen through. */
export function isSameType(a: Type, b: Type): boolean {
  if (a.kind === "typedef") return isSameType(a.definition.type, b);
  if (b.kind === "typedef") return isSameType(a, b.definition.type);
  switch (a.kind) {
    case "base":
      return b.kind === "base" && a.name === b.name;
    case "list":
    case "set":
      return b.kind === a.kind && isSameType(a.element, b.element);
    case "map":
      return b.kind === "map" && isSameType(a.key, b.key) && isSameType(a.value, b.value);
    case "enum":
    case "struct":
      return b.kind === a.kind && a.definition === b.definition;
  }
}
