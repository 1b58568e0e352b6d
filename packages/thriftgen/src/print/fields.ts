import type { FieldModel } from "@slipstream/thrift-idl";
import type { FileContext, Naming } from "./context.ts";
import { docComment } from "./doc.ts";
import { hardline, type Layout } from "./layout.ts";
import {
  arrow,
  assigned,
  call,
  type Expression,
  numberLiteral,
  object,
  plain,
  propertyName,
  quoted,
  unionType,
} from "./syntax.ts";
import { descriptor, mayBeAbsent, typeText } from "./types.ts";
import { isScalar, ValuePrinter } from "./values.ts";

/** Fields as members of an object type. */
export function memberTypes(
  context: FileContext,
  fields: readonly FieldModel[],
  property: Naming,
): readonly Layout[] {
  return fields.map((field) => member(context, field, property(field), mayBeAbsent(field)));
}

/** Arguments as members of an object type: all are sent, so none may be absent. */
export function argumentTypes(
  context: FileContext,
  args: readonly FieldModel[],
  property: Naming,
): readonly Layout[] {
  return args.map((field) => member(context, field, property(field), false));
}

function member(context: FileContext, field: FieldModel, property: string, isOptional: boolean): Layout {
  const type = typeText(context, field.type);
  const types = unionType(isOptional ? [type, "undefined"] : [type]);
  return [docComment(field), propertyName(property), isOptional ? "?:" : ":", types];
}

/** `t.optional(1, "name", t.string, { default: "x" })` */
export function fieldDescriptor(
  context: FileContext,
  field: FieldModel,
  property: string,
  requiredness: FieldModel["requiredness"] = field.requiredness,
): Expression {
  const options: Layout[] = [];
  if (property !== field.name) options.push(`name: ${quoted(field.name)}`);
  if (field.defaultValue !== undefined) {
    const value = new ValuePrinter(context, field).print(field.type, field.defaultValue);
    const isBytes = field.defaultValue.kind === "string" && typeText(context, field.type) === "Uint8Array";
    const isShared = isScalar(field.defaultValue) && !isBytes;
    options.push(["default:", assigned(isShared ? value : arrow([], value))]);
  }
  const args = [numberLiteral(String(field.id)), plain(quoted(property)), descriptor(context, field.type)];
  if (options.length > 0) args.push(object(options));
  return call(`t.${requiredness === "default" ? "field" : requiredness}`, args);
}

/** Members one below the other, each with a semicolon. */
export function memberBlock(members: readonly Layout[]): readonly Layout[] {
  return members.map((member) => [hardline, member, ";"]);
}
