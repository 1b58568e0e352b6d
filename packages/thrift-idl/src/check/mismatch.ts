import type { DiagnosticSink } from "../diagnostics.ts";
import type { Type } from "../model.ts";
import type { ValueSyntax } from "../parse/syntax.ts";
import { formatType } from "./types.ts";

/** Tells that a value is not of a type. */
export function mismatch(type: Type, syntax: ValueSyntax, sink: DiagnosticSink, help?: string): undefined {
  sink.error(syntax.span, `expected ${article(formatType(type))}, found ${describeValue(syntax)}`, help);
  return undefined;
}

export function article(type: string): string {
  return `${/^[aeioAEIO]/.test(type) ? "an" : "a"} ${type}`;
}

export function describeValue(syntax: ValueSyntax): string {
  switch (syntax.kind) {
    case "int":
    case "double":
      return `the number ${syntax.value}`;
    case "string":
      return "a string";
    case "name":
      return syntax.name;
    case "list":
      return "a list";
    case "map":
      return "a map";
  }
}
