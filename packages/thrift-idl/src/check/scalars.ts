import type { DiagnosticSink } from "../diagnostics.ts";
import type { BaseTypeName, ResolvedType, Value } from "../model.ts";
import type { ValueSyntax } from "../parse/syntax.ts";
import { mismatch } from "./mismatch.ts";

const bits: Readonly<Partial<Record<BaseTypeName, bigint>>> = { i8: 8n, i16: 16n, i32: 32n, i64: 64n };

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A written value as a value of a base type. */
export function scalarValue(
  type: BaseTypeName,
  syntax: ValueSyntax,
  sink: DiagnosticSink,
): Value | undefined {
  switch (type) {
    case "bool":
      return boolValue(syntax, sink);
    case "double":
      return doubleValue(syntax, sink);
    case "string":
    case "binary":
      if (syntax.kind === "string") return { kind: "string", value: syntax.value };
      return expected(type, syntax, sink, "write it in quotes");
    case "uuid":
      return uuidValue(syntax, sink);
    default:
      return intValue(type, syntax, sink);
  }
}

/** What a field holds that was not given: Go's zero value. A struct has none. */
export function zeroValue(type: Exclude<ResolvedType, { kind: "struct" }>): Value {
  switch (type.kind) {
    case "list":
    case "set":
      return { kind: "list", items: [] };
    case "map":
      return { kind: "map", entries: [] };
    case "enum": {
      const member = type.definition.members.find(({ value }) => value === 0);
      return { kind: "enum", enum: type.definition, value: 0, ...(member && { member }) };
    }
    case "base":
      return zeroScalar(type.name);
  }
}

function zeroScalar(type: BaseTypeName): Value {
  switch (type) {
    case "bool":
      return { kind: "bool", value: false };
    case "double":
      return { kind: "double", value: 0 };
    case "string":
    case "binary":
      return { kind: "string", value: "" };
    case "uuid":
      return { kind: "string", value: "00000000-0000-0000-0000-000000000000" };
    default:
      return { kind: "int", value: 0n };
  }
}

function boolValue(syntax: ValueSyntax, sink: DiagnosticSink): Value | undefined {
  if (syntax.kind === "name") return { kind: "bool", value: syntax.name === "true" };
  if (syntax.kind === "int" && (syntax.value === 0n || syntax.value === 1n)) {
    return { kind: "bool", value: syntax.value === 1n };
  }
  return expected("bool", syntax, sink, "write true or false");
}

function intValue(type: BaseTypeName, syntax: ValueSyntax, sink: DiagnosticSink): Value | undefined {
  if (syntax.kind === "name") {
    const value = syntax.name === "true" ? 1n : 0n;
    sink.warning(
      syntax.span,
      `expected an ${type}, found ${syntax.name}; it is taken as ${value}`,
      `write ${value}`,
    );
    return { kind: "int", value };
  }
  if (syntax.kind !== "int") return expected(type, syntax, sink);
  const limit = 2n ** ((bits[type] ?? 64n) - 1n);
  if (syntax.value < -limit || syntax.value >= limit) {
    sink.error(
      syntax.span,
      `${syntax.value} does not fit ${type}, which goes from ${-limit} to ${limit - 1n}`,
    );
    return undefined;
  }
  return { kind: "int", value: syntax.value };
}

function doubleValue(syntax: ValueSyntax, sink: DiagnosticSink): Value | undefined {
  if (syntax.kind !== "int" && syntax.kind !== "double") return expected("double", syntax, sink);
  const value = Number(syntax.value);
  if (!Number.isFinite(value)) {
    sink.error(syntax.span, "this number is beyond what a double can hold");
    return undefined;
  }
  return { kind: "double", value };
}

function uuidValue(syntax: ValueSyntax, sink: DiagnosticSink): Value | undefined {
  if (syntax.kind === "string" && uuidPattern.test(syntax.value)) {
    return { kind: "string", value: syntax.value.toLowerCase() };
  }
  return expected("uuid", syntax, sink, 'write it like "00112233-4455-6677-8899-aabbccddeeff"');
}

function expected(name: BaseTypeName, syntax: ValueSyntax, sink: DiagnosticSink, help?: string): undefined {
  return mismatch({ kind: "base", name, annotations: [] }, syntax, sink, help);
}
