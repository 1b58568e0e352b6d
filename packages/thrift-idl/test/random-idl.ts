import fc from "fast-check";
import {
  type FieldModel,
  type FileModel,
  formatType,
  resolveType,
  type Type,
  type Value,
} from "../src/index.ts";

/** A file in the least words that tell two models apart. */
export interface Idl {
  readonly namespaces: Readonly<Record<string, string>>;
  readonly definitions: readonly IdlDefinition[];
}

export type IdlDefinition =
  | { kind: "typedef"; name: string; type: string; doc: string }
  | { kind: "const"; name: string; type: string; value: IdlValue; doc: string }
  | { kind: "enum"; name: string; members: readonly { name: string; value: number }[]; doc: string }
  | { kind: "struct" | "union" | "exception"; name: string; fields: readonly IdlField[]; doc: string }
  | { kind: "service"; name: string; base: string; methods: readonly IdlMethod[]; doc: string };

export interface IdlField {
  id: number;
  name: string;
  requiredness: "required" | "optional" | "default";
  type: string;
  value?: IdlValue;
  annotations: Readonly<Record<string, string>>;
}

export interface IdlMethod {
  name: string;
  kind: string;
  response: string;
  args: readonly IdlField[];
  throws: readonly IdlField[];
}

/** Numbers as text, so that -0 and bigints compare. */
export type IdlValue =
  | { readonly number: string }
  | { readonly text: string }
  | { readonly name: string }
  | { readonly list: readonly IdlValue[] }
  | { readonly map: readonly (readonly [IdlValue, IdlValue])[] };

const scalars = ["bool", "i8", "i16", "i32", "i64", "double", "string", "binary", "E0"];
const members = ["A", "B", "C"];

const typeName: fc.Arbitrary<string> = fc.letrec<{ type: string }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...scalars, "S0", "S1", "U0", "T0", "T1"),
    tie("type").map((element) => `list<${element}>`),
    fc.constantFrom(...scalars).map((element) => `set<${element}>`),
    fc.tuple(fc.constantFrom(...scalars), tie("type")).map(([key, value]) => `map<${key}, ${value}>`),
  ),
})).type;

const text = fc.string({ maxLength: 12 }).map((s) => s.replaceAll("\0", ""));
const integer = (bits: number): fc.Arbitrary<IdlValue> =>
  fc.bigInt(-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n).map((n) => ({ number: String(n) }));

/** A value of a type that is written without typedefs and structs. */
function valueOf(type: string): fc.Arbitrary<IdlValue> {
  const inner = /^(list|set|map)<(.*)>$/.exec(type);
  const [, container, rest = ""] = inner ?? [];
  if (container === "list") return fc.array(valueOf(rest), { maxLength: 3 }).map((list) => ({ list }));
  if (container === "set") {
    return fc.uniqueArray(valueOf(rest), { maxLength: 3, selector: keyText }).map((list) => ({ list }));
  }
  if (container === "map") {
    const comma = rest.indexOf(", ");
    const entry = fc.tuple(valueOf(rest.slice(0, comma)), valueOf(rest.slice(comma + 2)));
    return fc.uniqueArray(entry, { maxLength: 3, selector: ([key]) => keyText(key) }).map((map) => ({ map }));
  }
  switch (type) {
    case "bool":
      return fc.constantFrom({ name: "true" }, { name: "false" });
    case "i8":
      return integer(8);
    case "i16":
      return integer(16);
    case "i32":
      return integer(32);
    case "i64":
      return integer(64);
    case "double":
      return fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((n) => ({ number: String(n === 0 ? 0 : n) }));
    case "E0":
      return fc.constantFrom(...members).map((name) => ({ name: `E0.${name}` }));
    default:
      return text.map((each) => ({ text: each }));
  }
}

function keyText(value: IdlValue): string {
  return JSON.stringify(value);
}

const isPlain = (type: string): boolean => !/[SUT]\d/.test(type);

function withValue(type: fc.Arbitrary<string>): fc.Arbitrary<{ type: string; value?: IdlValue }> {
  return type.chain((name) =>
    isPlain(name)
      ? fc.record({ type: fc.constant(name), value: valueOf(name) }, { requiredKeys: ["type"] })
      : fc.constant({ type: name }),
  );
}

const word = fc.stringMatching(/^[a-z][A-Za-z0-9_]{0,8}$/);
const annotations = fc.dictionary(word, text, { maxKeys: 2, noNullPrototype: true });

function fieldsOf(options: {
  requiredness: readonly IdlField["requiredness"][];
  values: boolean;
  max?: number;
}) {
  const field = fc.record({
    id: fc.integer({ min: 1, max: 32767 }),
    name: word.map((name) => `f_${name}`),
    requiredness: fc.constantFrom(...options.requiredness),
    typed: options.values ? withValue(typeName) : typeName.map((type) => ({ type })),
    annotations,
  });
  return fc
    .uniqueArray(field, {
      maxLength: options.max ?? 5,
      selector: ({ id, name }) => [id, name],
      comparator: ([id, name], [otherId, otherName]) => id === otherId || name === otherName,
    })
    .map((fields) => fields.map(({ typed, ...rest }): IdlField => ({ ...rest, ...typed })));
}

const structFields = fieldsOf({ requiredness: ["required", "optional", "default"], values: true });
const doc = fc.constantFrom("", "One line.", "Two\nlines, and a * star.");

const method: fc.Arbitrary<IdlMethod> = fc.oneof(
  fc.record({
    name: fc.constant(""),
    kind: fc.constant("pingpong"),
    response: fc.oneof(fc.constant("void"), typeName),
    args: fieldsOf({ requiredness: ["required", "default"], values: false, max: 3 }),
    throws: fieldsOf({ requiredness: ["optional"], values: false, max: 2 }).map((fields) =>
      fields.map((field) => ({ ...field, type: "X0" })),
    ),
  }),
  fc.record({
    name: fc.constant(""),
    kind: fc.constant("oneway"),
    response: fc.constant("void"),
    args: fieldsOf({ requiredness: ["default"], values: false, max: 2 }),
    throws: fc.constant([]),
  }),
  fc.record({
    name: fc.constant(""),
    kind: fc.constantFrom("bidi", "client", "server", "unary"),
    response: fc.constantFrom("S0", "S1"),
    args: fieldsOf({ requiredness: ["default"], values: false, max: 1 }).map(([field]) => [
      { id: 1, name: "req", requiredness: "default" as const, annotations: {}, ...field, type: "S1" },
    ]),
    throws: fc.constant([]),
  }),
);

const methods = fc
  .array(method, { maxLength: 4 })
  .map((list) => list.map((each, i) => ({ ...each, name: `Method${i}` })));

/** A file that has one of everything, in random detail. */
export const idlArbitrary: fc.Arbitrary<Idl> = fc
  .record({
    namespaces: fc.dictionary(fc.constantFrom("go", "py", "*"), word, { noNullPrototype: true }),
    enumValues: fc.uniqueArray(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), {
      minLength: 3,
      maxLength: 3,
    }),
    t0: typeName.filter((type) => !/[T]\d/.test(type)),
    t1: typeName.filter((type) => !/T1/.test(type)),
    s0: structFields,
    s1: structFields,
    u0: fieldsOf({ requiredness: ["optional"], values: false }),
    x0: structFields,
    constants: fc.array(
      typeName.filter(isPlain).chain((type) => valueOf(type).map((value) => ({ type, value }))),
      { maxLength: 3 },
    ),
    base: methods,
    own: methods,
    docs: fc.array(doc, { minLength: 20, maxLength: 20 }),
  })
  .map((parts): Idl => {
    const constants = parts.constants.map((each, i) => ({ kind: "const", name: `C${i}`, ...each }) as const);
    const definitions = [
      {
        kind: "enum",
        name: "E0",
        members: members.map((name, i) => ({ name, value: parts.enumValues[i] ?? 0 })),
      },
      { kind: "typedef", name: "T0", type: parts.t0 },
      { kind: "typedef", name: "T1", type: parts.t1 },
      { kind: "struct", name: "S0", fields: parts.s0 },
      ...constants,
      { kind: "struct", name: "S1", fields: parts.s1 },
      { kind: "union", name: "U0", fields: parts.u0 },
      { kind: "exception", name: "X0", fields: parts.x0 },
      { kind: "service", name: "Base", base: "", methods: parts.base },
      {
        kind: "service",
        name: "Own",
        base: "Base",
        methods: parts.own.map((each) => ({ ...each, name: `Own${each.name}` })),
      },
    ] as const;
    return {
      namespaces: parts.namespaces,
      definitions: definitions.map((definition, i) => ({ ...definition, doc: parts.docs[i] ?? "" })),
    };
  });

/** What a checked model says, to be compared with what was printed. */
export function describeFile(file: FileModel): Idl {
  return {
    namespaces: Object.fromEntries(file.namespaces),
    definitions: file.definitions.map((definition): IdlDefinition => {
      const { name } = definition;
      const docs = definition.doc ?? "";
      switch (definition.kind) {
        case "typedef":
          return { kind: "typedef", name, type: formatType(definition.type), doc: docs };
        case "const": {
          const { type, value } = definition;
          return {
            kind: "const",
            name,
            type: formatType(type),
            value: describeValue(type, value),
            doc: docs,
          };
        }
        case "enum": {
          const list = definition.members.map((member) => ({ name: member.name, value: member.value }));
          return { kind: "enum", name, members: list, doc: docs };
        }
        case "service":
          return {
            kind: "service",
            name,
            base: definition.extends?.name ?? "",
            methods: definition.methods.map((each) => ({
              name: each.name,
              kind: each.kind,
              response: each.response === undefined ? "void" : formatType(each.response),
              args: each.arguments.map(describeField),
              throws: each.throws.map(describeField),
            })),
            doc: docs,
          };
        default:
          return { kind: definition.kind, name, fields: definition.fields.map(describeField), doc: docs };
      }
    }),
  };
}

function describeField(field: FieldModel): IdlField {
  const { id, name, requiredness, type, defaultValue } = field;
  return {
    id,
    name,
    requiredness,
    type: formatType(type),
    ...(defaultValue && { value: describeValue(type, defaultValue) }),
    annotations: Object.fromEntries(field.annotations.map(({ key, value }) => [key, value])),
  };
}

function describeValue(type: Type, value: Value): IdlValue {
  const resolved = resolveType(type);
  switch (value.kind) {
    case "bool":
      return { name: String(value.value) };
    case "int":
    case "double":
      return { number: String(value.value) };
    case "string":
      return { text: value.value };
    case "enum":
      return { name: `${value.enum.name}.${value.member?.name}` };
    case "list": {
      const element = resolved.kind === "list" || resolved.kind === "set" ? resolved.element : type;
      return { list: value.items.map((item) => describeValue(element, item)) };
    }
    case "map": {
      const [key, each] = resolved.kind === "map" ? [resolved.key, resolved.value] : [type, type];
      return { map: value.entries.map(([k, v]) => [describeValue(key, k), describeValue(each, v)]) };
    }
    case "struct":
      throw new Error("no struct values are made here");
  }
}
