import type { CompileOptions } from "../engine.ts";
import { type FieldPlan, planOf, type StructPlan, wireTypeOf } from "../plan.ts";
import * as WireType from "../protocol/wire-type.ts";
import type { Struct, Type } from "../types.ts";
import type { Constants, FunctionName } from "./compiler.ts";
import { binaryRead, compactRead, type ReadDialect } from "./read-dialect.ts";

/** The text of `(r) { … }`, which reads one struct and returns it. */
export function readerSource(
  struct: Struct,
  options: CompileOptions,
  constants: Constants,
  nameOf: FunctionName,
): string {
  return new ReaderSource(struct, options, constants, nameOf).text();
}

/** With this many optional fields or fewer, each combination has an object literal of its own. */
const literalOptionals = 2;

class ReaderSource {
  readonly #struct: Struct;
  readonly #plan: StructPlan;
  readonly #options: CompileOptions;
  readonly #constants: Constants;
  readonly #nameOf: FunctionName;
  readonly #dialect: ReadDialect;
  #locals = 0;

  constructor(struct: Struct, options: CompileOptions, constants: Constants, nameOf: FunctionName) {
    this.#struct = struct;
    this.#plan = planOf(struct);
    this.#options = options;
    this.#constants = constants;
    this.#nameOf = nameOf;
    this.#dialect = options.protocol === "binary" ? binaryRead : compactRead;
  }

  text(): string {
    const dialect = this.#dialect;
    const isUnion = this.#struct.kind === "union";
    const { fields } = this.#plan;
    return [
      `(r) {`,
      `if (++r.depth > r.options.maxDepth) throw bad;`,
      dialect.start,
      this.#options.keepUnknown ? `let u;` : "",
      isUnion ? `let c, v;` : fields.map((field, i) => `let v${i}${initial(field)};`).join(" "),
      `for (;;) {`,
      dialect.next,
      `switch (h) {`,
      ...fields.map((field, i) => this.#case(field, isUnion ? "v" : `v${i}`, isUnion)),
      `default: ${this.#unknown()}`,
      `}`,
      `}`,
      dialect.stop,
      `r.depth--;`,
      isUnion ? this.#union() : this.#result(),
      `}`,
    ].join("\n");
  }

  #case(plan: FieldPlan, target: string, isUnion: boolean): string {
    const mark = isUnion ? `c = ${JSON.stringify(plan.field.property)};` : "";
    return `case ${plan.header}: ${this.#read(plan.type, target, true)} ${mark} break;`;
  }

  #unknown(): string {
    const skip = this.#dialect.call("r.skipField(h);");
    if (!this.#options.keepUnknown) return skip;
    const ids = this.#plan.fields.map(({ header }) => `case ${header & 0xffff}:`).join(" ");
    const keep = this.#dialect.call("u = keepField(r, h, u);");
    return ids === "" ? keep : `switch (h & 0xffff) { ${ids} ${skip} break; default: ${keep} }`;
  }

  #union(): string {
    if (!this.#options.keepUnknown) {
      return `return c === undefined ? { case: undefined } : { case: c, value: v };`;
    }
    return [
      `const m = c === undefined ? { case: undefined } : { case: c, value: v };`,
      `if (u !== undefined) m[unknownFields] = u;`,
      `return m;`,
    ].join("\n");
  }

  /** Statements that read a value into `target`. */
  #read(type: Type, target: string, isField = false): string {
    const dialect = this.#dialect;
    switch (type.kind) {
      case "list":
        return this.#elements(type.element, target, "array");
      case "set":
        return this.#elements(type.element, target, type.array ? "array" : "set");
      case "map": {
        const map = this.#local("a");
        return this.#entries(
          type.key,
          type.value,
          map,
          (key, value) => `${map}.set(${key}, ${value});`,
          target,
          "new Map()",
        );
      }
      case "record": {
        const record = this.#local("a");
        return this.#entries(
          { kind: "string" },
          type.value,
          record,
          (key, value) =>
            `if (${key} === "__proto__") setEntry(${record}, ${key}, ${value}); else ${record}[${key}] = ${value};`,
          target,
          "{}",
        );
      }
      case "struct":
      case "union":
      case "exception":
        return dialect.call(`${target} = ${this.#nameOf(type)}(r);`);
      case "foreign":
        return dialect.call(`${target} = ${this.#constants.use(type)}.read(r);`);
      default:
        return dialect.scalar(type.kind, target, isField);
    }
  }

  #local(letter: string): string {
    return `${letter}${++this.#locals}`;
  }

  #elements(type: Type, target: string, shape: "array" | "set"): string {
    const n = this.#local("n");
    const a = this.#local("a");
    const x = this.#local("x");
    return [
      `{ let ${n};`,
      this.#dialect.call(`${n} = r.list(${wireTypeOf(type)});`),
      `const ${a} = ${shape === "array" ? "[]" : "new Set()"};`,
      `for (; ${n} > 0; ${n}--) {`,
      `let ${x};`,
      this.#read(type, x),
      `${a}.${shape === "array" ? "push" : "add"}(${x});`,
      `}`,
      `${target} = ${a}; }`,
    ].join("\n");
  }

  #entries(
    key: Type,
    value: Type,
    container: string,
    add: (key: string, value: string) => string,
    target: string,
    empty: string,
  ): string {
    const n = this.#local("n");
    const k = this.#local("x");
    const x = this.#local("x");
    return [
      `{ let ${n};`,
      this.#dialect.call(`${n} = r.map(${wireTypeOf(key)}, ${wireTypeOf(value)});`),
      `const ${container} = ${empty};`,
      `for (; ${n} > 0; ${n}--) {`,
      `let ${k}, ${x};`,
      this.#read(key, k),
      this.#read(value, x),
      add(k, x),
      `}`,
      `${target} = ${container}; }`,
    ].join("\n");
  }

  #result(): string {
    const { fields } = this.#plan;
    const lines: string[] = [];
    const optionals: number[] = [];
    for (const [i, plan] of fields.entries()) {
      const { field } = plan;
      if (field.requiredness === "required") lines.push(`if (v${i} === undefined) throw bad;`);
      else if (plan.hasDefault) lines.push(`if (v${i} === undefined) v${i} = ${this.#defaultValue(plan)};`);
      else if (field.requiredness === "optional" || wireTypeOf(plan.type) === WireType.Struct) {
        optionals.push(i);
      } else if (scalarZero(plan.type) === undefined) {
        lines.push(`if (v${i} === undefined) v${i} = ${emptyValue(plan.type)};`);
      }
    }
    const isPlain = this.#struct.kind !== "exception" && !this.#options.keepUnknown;
    if (isPlain && optionals.length <= literalOptionals) {
      lines.push(this.#literals(optionals, new Set()));
      return lines.join("\n");
    }
    lines.push(`const m = ${this.#literal(new Set(optionals))};`);
    for (const i of optionals) {
      lines.push(`if (v${i} !== undefined) m[${this.#name(i)}] = v${i};`);
    }
    if (this.#options.keepUnknown) lines.push(`if (u !== undefined) m[unknownFields] = u;`);
    const { kind } = this.#struct;
    lines.push(
      kind === "exception" ? `return makeException(${this.#constants.use(this.#struct)}, m);` : `return m;`,
    );
    return lines.join("\n");
  }

  /** Returns of a literal for each combination of the optional fields from the first of `open` on. */
  #literals(open: readonly number[], absent: ReadonlySet<number>): string {
    const [first, ...rest] = open;
    if (first === undefined) return `return ${this.#literal(absent)};`;
    return [
      `if (v${first} !== undefined) { ${this.#literals(rest, absent)} }`,
      this.#literals(rest, new Set([...absent, first])),
    ].join("\n");
  }

  #literal(absent: ReadonlySet<number>): string {
    const entries = this.#plan.fields.flatMap((_, i) => (absent.has(i) ? [] : [`${this.#name(i)}: v${i}`]));
    return `{ ${entries.join(", ")} }`;
  }

  #name(i: number): string {
    return JSON.stringify((this.#plan.fields[i] as FieldPlan).field.property);
  }

  #defaultValue({ field }: FieldPlan): string {
    const value = this.#constants.use(field.default);
    return typeof field.default === "function" ? `${value}()` : value;
  }
}

/** The initializer of a field's variable: its zero, where that is a literal and the field has no other default. */
function initial(plan: FieldPlan): string {
  const { requiredness } = plan.field;
  if (requiredness === "required" || requiredness === "optional" || plan.hasDefault) return "";
  const zero = scalarZero(plan.type);
  return zero === undefined ? "" : ` = ${zero}`;
}

function scalarZero(type: Type): string | undefined {
  switch (type.kind) {
    case "bool":
      return "false";
    case "i8":
    case "i16":
    case "i32":
    case "enum":
    case "i64Number":
    case "double":
      return "0";
    case "i64":
      return "0n";
    case "string":
      return `""`;
    case "uuid":
      return `"00000000-0000-0000-0000-000000000000"`;
    default:
      return undefined;
  }
}

function emptyValue(type: Type): string {
  switch (type.kind) {
    case "binary":
      return "new Uint8Array(0)";
    case "map":
      return "new Map()";
    case "record":
      return "{}";
    case "set":
      return type.array ? "[]" : "new Set()";
    default:
      return "[]";
  }
}
