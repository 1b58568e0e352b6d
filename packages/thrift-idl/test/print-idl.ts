import type { Idl, IdlDefinition, IdlField, IdlMethod, IdlValue } from "./random-idl.ts";

/** The freedoms that IDL leaves to its writer. */
export interface Layout {
  readonly separator: "," | ";" | "";
  readonly quote: '"' | "'";
  readonly comment: "//" | "#" | "/*";
  readonly lineBreak: "\n" | "\r\n";
}

const modes: Readonly<Record<string, string>> = {
  bidi: "bidirectional",
  client: "client",
  server: "server",
  unary: "unary",
};

export function printIdl(idl: Idl, layout: Layout): string {
  const headers = Object.entries(idl.namespaces).map(([language, name]) => `namespace ${language} ${name}`);
  const definitions = idl.definitions.map(
    (definition) => printDoc(definition.doc, layout) + printBody(definition, layout),
  );
  return [...headers, ...definitions].join("\n\n").replaceAll("\n", layout.lineBreak);
}

function printDoc(doc: string, { comment }: Layout): string {
  if (doc === "") return "";
  const lines = doc.split("\n");
  if (comment === "/*") return `/**\n${lines.map((line) => ` * ${line}\n`).join("")} */\n`;
  return lines.map((line) => `${comment} ${line}\n`).join("");
}

function printBody(definition: IdlDefinition, layout: Layout): string {
  const { name } = definition;
  const items = (list: readonly string[]): string =>
    list.map((item) => `  ${item}${layout.separator}\n`).join("");
  switch (definition.kind) {
    case "typedef":
      return `typedef ${definition.type} ${name}`;
    case "const":
      return `const ${definition.type} ${name} = ${printValue(definition.value, layout)}`;
    case "enum":
      return `enum ${name} {\n${items(definition.members.map((member) => `${member.name} = ${member.value}`))}}`;
    case "service": {
      const base = definition.base === "" ? "" : ` extends ${definition.base}`;
      return `service ${name}${base} {\n${items(definition.methods.map((each) => printMethod(each, layout)))}}`;
    }
    default:
      return `${definition.kind} ${name} {\n${items(definition.fields.map((each) => printField(each, layout)))}}`;
  }
}

function printField(field: IdlField, layout: Layout): string {
  const requiredness = field.requiredness === "default" ? "" : `${field.requiredness} `;
  const value = field.value === undefined ? "" : ` = ${printValue(field.value, layout)}`;
  const pairs = Object.entries(field.annotations).map(([key, each]) => `${key} = ${printText(each, layout)}`);
  const annotations = pairs.length === 0 ? "" : ` (${pairs.join(", ")})`;
  return `${field.id}: ${requiredness}${field.type} ${field.name}${value}${annotations}`;
}

function printMethod(method: IdlMethod, layout: Layout): string {
  const list = (fields: readonly IdlField[]): string =>
    `(${fields.map((field) => printField(field, layout)).join(`${layout.separator || ","} `)})`;
  const oneway = method.kind === "oneway" ? "oneway " : "";
  const mode = modes[method.kind];
  const throws = method.throws.length === 0 ? "" : ` throws ${list(method.throws)}`;
  const annotation = mode === undefined ? "" : ` (streaming.mode=${printText(mode, layout)})`;
  return `${oneway}${method.response} ${method.name}${list(method.args)}${throws}${annotation}`;
}

function printValue(value: IdlValue, layout: Layout): string {
  if ("number" in value) return value.number;
  if ("name" in value) return value.name;
  if ("text" in value) return printText(value.text, layout);
  const separator = ` ${layout.separator || ","} `;
  if ("list" in value) return `[${value.list.map((item) => printValue(item, layout)).join(separator)}]`;
  const entry = ([key, each]: readonly [IdlValue, IdlValue]): string =>
    `${printValue(key, layout)}: ${printValue(each, layout)}`;
  return `{${value.map.map(entry).join(separator)}}`;
}

function printText(text: string, { quote }: Layout): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`);
  return quote + escaped.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t") + quote;
}
