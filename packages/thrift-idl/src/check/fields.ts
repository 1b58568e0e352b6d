import type { DiagnosticSink } from "../diagnostics.ts";
import type { FieldModel } from "../model.ts";
import type { FieldSyntax } from "../parse/syntax.ts";
import type { Span } from "../source.ts";
import { type Scope, unknownType, type Writable } from "./scope.ts";
import { resolveTypeSyntax } from "./types.ts";
import type { ValueChecker } from "./values.ts";

/** What a list of fields is: the rules differ a little. */
export type FieldRole = "struct" | "exception" | "union" | "argument" | "throws";

const minId = -32768n;
const maxId = 32767n;

/** Ids, names and types of a list of fields; defaults come later, when all types are known. */
export function checkFields(
  scope: Scope,
  fields: readonly FieldSyntax[],
  role: FieldRole,
  values: ValueChecker,
  sink: DiagnosticSink,
): readonly FieldModel[] {
  const ids = new Map<number, FieldSyntax>();
  const names = new Map<string, FieldSyntax>();
  const models: FieldModel[] = [];
  let previousId = 0;
  for (const syntax of fields) {
    const id = fieldId(syntax, previousId, role, sink);
    previousId = id;
    const { text, span } = syntax.name;
    refuseDuplicate(ids, id, syntax, syntax.id?.span ?? span, `field id ${id}`, sink);
    refuseDuplicate(names, text, syntax, span, `field name "${text}"`, sink);
    const type = resolveTypeSyntax(scope, syntax.type, sink);
    const model: Writable<FieldModel> = {
      id,
      implicitId: syntax.id === undefined,
      name: syntax.name.text,
      ...(syntax.doc === undefined ? undefined : { doc: syntax.doc }),
      annotations: syntax.annotations,
      span: syntax.name.span,
      requiredness: requirednessOf(syntax, role, sink),
      type: type ?? unknownType,
    };
    if (syntax.defaultValue !== undefined && type !== undefined) {
      values.addDefault(model, syntax.defaultValue, scope);
    }
    models.push(model);
  }
  if (role === "union") warnOfUnionDefaults(fields, sink);
  return models;
}

function fieldId(syntax: FieldSyntax, previousId: number, role: FieldRole, sink: DiagnosticSink): number {
  const { name } = syntax;
  if (syntax.id === undefined) {
    const id = previousId + 1;
    sink.warning(
      name.span,
      `"${name.text}" has no field id; it gets ${id}, and another one when fields move`,
      `write "${id}: " before it`,
    );
    if (BigInt(id) > maxId) sink.error(name.span, `there is no field id behind ${maxId} for "${name.text}"`);
    return id;
  }
  const { value, span } = syntax.id;
  if (value < minId || value > maxId) {
    sink.error(
      span,
      `a field id is from ${minId} to ${maxId}, not ${value}`,
      "write a number from 1 to 32767",
    );
    return previousId + 1;
  }
  if (role === "throws" && value === 0n) {
    sink.error(span, "field id 0 is the result of the method", "write a number from 1 to 32767");
  } else if (value <= 0n) {
    sink.warning(span, `field id ${value} is not positive`, "write a number from 1 to 32767");
  }
  return Number(value);
}

function refuseDuplicate<K>(
  seen: Map<K, FieldSyntax>,
  key: K,
  syntax: FieldSyntax,
  span: Span,
  what: string,
  sink: DiagnosticSink,
): void {
  const first = seen.get(key);
  if (first === undefined) {
    seen.set(key, syntax);
    return;
  }
  const { line } = span.source.position(first.name.span.start);
  sink.error(span, `${what} is used twice`, `"${first.name.text}" in line ${line} has it`);
}

function requirednessOf(
  syntax: FieldSyntax,
  role: FieldRole,
  sink: DiagnosticSink,
): FieldModel["requiredness"] {
  const { requiredness, name } = syntax;
  switch (role) {
    case "union":
    case "throws":
      if (requiredness === "required") {
        const what = role === "union" ? "a member of a union" : "a declared exception";
        sink.warning(name.span, `${what} cannot be required; "${name.text}" is taken as optional`);
      }
      return "optional";
    case "argument":
      if (requiredness === "optional") {
        sink.warning(name.span, `an argument cannot be optional; the word is ignored at "${name.text}"`);
        return "default";
      }
      return requiredness;
    default:
      return requiredness;
  }
}

function warnOfUnionDefaults(fields: readonly FieldSyntax[], sink: DiagnosticSink): void {
  const [first, second] = fields.filter(({ defaultValue }) => defaultValue !== undefined);
  if (second !== undefined) {
    sink.error(second.name.span, `"${second.name.text}" is the second member of this union with a default`);
  } else if (first !== undefined) {
    sink.warning(first.name.span, `the default of "${first.name.text}" has no effect in a union`);
  }
}
