import {
  type ConstModel,
  type EnumModel,
  resolveType,
  type StructModel,
  type TypedefModel,
} from "@slipstream/thrift-idl";
import type { FileContext, Naming } from "./context.ts";
import { docComment } from "./doc.ts";
import { fieldDescriptor, memberBlock, memberTypes } from "./fields.ts";
import { hardline, indent, type Layout } from "./layout.ts";
import { fieldProperties } from "./properties.ts";
import {
  array,
  arrow,
  assigned,
  call,
  object,
  objectType,
  plain,
  propertyName,
  quoted,
  unionType,
} from "./syntax.ts";
import { readonlyTypeText, typeText } from "./types.ts";
import { isScalar, ValuePrinter } from "./values.ts";

export function printConst(context: FileContext, definition: ConstModel): Layout {
  const { type, value } = definition;
  const head = [
    docComment(definition),
    `export const ${context.reference(definition)}: `,
    readonlyTypeText(context, type),
    " =",
  ];
  if (value.constant !== undefined && !isScalar(value))
    return [head, ` ${context.reference(value.constant)};`];
  return [head, assigned(new ValuePrinter(context, definition).print(type, value)), ";"];
}

export function printEnum(context: FileContext, definition: EnumModel): Layout {
  const name = context.reference(definition);
  const property = context.members(definition.members);
  const members = definition.members.map((member) => {
    return [docComment(member), propertyName(property(member)), `: ${member.value}`];
  });
  return [
    docComment(definition),
    [`export const ${name} = `, object(members, true).layout, " as const;"],
    hardline,
    `export type ${name} = (typeof ${name})[keyof typeof ${name}];`,
  ];
}

/** A second name for a type; for what has a value too, also a second name for that. */
export function printTypedef(context: FileContext, definition: TypedefModel): Layout {
  const name = context.reference(definition);
  const { type } = definition;
  const resolved = resolveType(type);
  const target = "definition" in type ? context.reference(type.definition) : typeText(context, type);
  const alias = [docComment(definition), `export type ${name} =`, unionType([target]), ";"];
  if (!("definition" in resolved)) return alias;
  const valueType =
    resolved.kind === "enum" ? ["typeof ", target] : [structType(context, resolved.definition), `<${name}>`];
  return [alias, hardline, [`export const ${name}: `, valueType, " = ", target, ";"]];
}

/** An interface, or for a union a type, and the descriptor of the same name. */
export function printStruct(context: FileContext, definition: StructModel): Layout {
  const name = context.reference(definition);
  const property = fieldProperties(context, definition);
  const create = context.value(definition.kind);
  const type = structType(context, definition);
  const fields = definition.fields.map((field) => {
    if (definition.kind !== "union") return fieldDescriptor(context, field, property(field));
    // Members of a union are all optional, and have no defaults.
    const { defaultValue: _, ...member } = field;
    return fieldDescriptor(context, member, property(field), "default");
  });
  const list = arrow(fields.length === 0 ? [] : ["t"], array(fields));
  return [
    docComment(definition),
    definition.kind === "union"
      ? printUnion(context, definition, property)
      : printInterface(context, definition, property),
    hardline,
    [
      `export const ${name}: ${type}<${name}> = `,
      call(create, [plain(quoted(definition.name)), list]).layout,
      ";",
    ],
  ];
}

function structType(context: FileContext, { kind }: StructModel): string {
  return context.type(kind === "exception" ? "ExceptionClass" : "Struct");
}

function printInterface(context: FileContext, definition: StructModel, property: Naming): Layout {
  const members = memberTypes(context, definition.fields, property);
  const name = context.reference(definition);
  if (members.length === 0) return `export interface ${name} {}`;
  return [`export interface ${name} {`, indent(memberBlock(members)), hardline, "}"];
}

function printUnion(context: FileContext, definition: StructModel, property: Naming): Layout {
  const members = definition.fields.map((field): Layout => {
    const name = [docComment(field), `case: ${quoted(property(field))}`];
    return objectType([name, ["value: ", typeText(context, field.type)]]);
  });
  const unknown = "{ case: undefined; value?: undefined }";
  return [`export type ${context.reference(definition)} =`, unionType([...members, unknown]), ";"];
}
