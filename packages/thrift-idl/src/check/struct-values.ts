import type { DiagnosticSink } from "../diagnostics.ts";
import { type FieldModel, resolveType, type StructModel, type Type, type Value } from "../model.ts";
import type { ValueSyntax } from "../parse/syntax.ts";
import { didYouMean } from "../suggest.ts";
import { describeValue } from "./mismatch.ts";
import { zeroValue } from "./scalars.ts";
import type { Scope } from "./scope.ts";

/** What a struct's value needs to know of other values. */
interface Evaluator {
  evaluate(type: Type, syntax: ValueSyntax, scope: Scope, sink: DiagnosticSink): Value | undefined;
  hasDefault(field: FieldModel): boolean;
  defaultOf(field: FieldModel): Value | undefined;
}

/** A value of a struct, written as a map from field names to values. */
export function structValue(
  values: Evaluator,
  struct: StructModel,
  syntax: Extract<ValueSyntax, { kind: "map" }>,
  scope: Scope,
  sink: DiagnosticSink,
): Value | undefined {
  const given = new Map<FieldModel, Value | undefined>();
  let isRight = true;
  for (const [key, written] of syntax.entries) {
    const field = fieldNamed(struct, key, sink);
    if (field !== undefined && given.has(field)) {
      sink.error(key.span, `field "${field.name}" stands twice in this value of ${struct.name}`);
    }
    const value = field && values.evaluate(field.type, written, scope, sink);
    if (field === undefined || value === undefined || given.has(field)) isRight = false;
    if (field !== undefined) given.set(field, value);
  }
  if (struct.kind === "union" && given.size !== 1) {
    const names = struct.fields.map(({ name }) => name).join(", ");
    sink.error(syntax.span, `exactly one member of union ${struct.name} must be given`, `one of ${names}`);
    return undefined;
  }

  const fields: [FieldModel, Value][] = [];
  for (const field of struct.fields) {
    const value = given.has(field) ? given.get(field) : absentValue(values, struct, field, syntax, sink);
    if (value === "absent") continue;
    if (value === undefined) isRight = false;
    else fields.push([field, value]);
  }
  return isRight ? { kind: "struct", struct, fields } : undefined;
}

function fieldNamed(struct: StructModel, key: ValueSyntax, sink: DiagnosticSink): FieldModel | undefined {
  if (key.kind !== "string") {
    const help = key.kind === "name" ? `write "${key.name}"` : undefined;
    sink.error(
      key.span,
      `expected a field name of ${struct.name} in quotes, found ${describeValue(key)}`,
      help,
    );
    return undefined;
  }
  const field = struct.fields.find(({ name }) => name === key.value);
  if (field !== undefined) return field;
  sink.error(key.span, `${struct.kind} ${struct.name} has no field "${key.value}"`, () => {
    const names = struct.fields.map(({ name }) => name);
    return didYouMean(key.value, names) ?? (names.length > 0 ? `it has ${names.join(", ")}` : undefined);
  });
  return undefined;
}

/** What a field holds that the value does not give: `absent` where that is allowed. */
function absentValue(
  values: Evaluator,
  struct: StructModel,
  field: FieldModel,
  syntax: ValueSyntax,
  sink: DiagnosticSink,
): Value | "absent" | undefined {
  const type = resolveType(field.type);
  if (field.requiredness === "optional" || (field.requiredness === "default" && type.kind === "struct")) {
    return "absent";
  }
  if (values.hasDefault(field)) return values.defaultOf(field);
  if (field.requiredness === "default" && type.kind !== "struct") return zeroValue(type);
  sink.error(syntax.span, `the required field "${field.name}" of ${struct.name} is missing in this value`);
  return undefined;
}
