import type { CompileOptions } from "../engine.ts";
import { defaultOf, type FieldPlan, planOf, wireTypeOf } from "../plan.ts";
import type { Struct, Type } from "../types.ts";
import type { Constants, FunctionName } from "./compiler.ts";
import { binaryWrite, compactWrite, type WriteDialect } from "./write-dialect.ts";

/** The text of `(w, m) { … }`, which writes one struct. */
export function writerSource(
  struct: Struct,
  options: CompileOptions,
  constants: Constants,
  nameOf: FunctionName,
): string {
  return new WriterSource(struct, options, constants, nameOf).text();
}

class WriterSource {
  readonly #struct: Struct;
  readonly #options: CompileOptions;
  readonly #constants: Constants;
  readonly #nameOf: FunctionName;
  readonly #dialect: WriteDialect;
  #locals = 0;

  constructor(struct: Struct, options: CompileOptions, constants: Constants, nameOf: FunctionName) {
    this.#struct = struct;
    this.#options = options;
    this.#constants = constants;
    this.#nameOf = nameOf;
    this.#dialect = options.protocol === "binary" ? binaryWrite : compactWrite;
  }

  text(): string {
    const dialect = this.#dialect;
    return [
      `(w, m) {`,
      `if (typeof m !== "object" || m === null) throw bad;`,
      `if (++w.depth > w.maxDepth) throw bad;`,
      dialect.start,
      ...(this.#struct.kind === "union" ? this.#union() : this.#fields()),
      ...(this.#options.keepUnknown
        ? [`if (m[unknownFields] !== undefined) { ${dialect.call("writeUnknown(w, m[unknownFields], q);")} }`]
        : []),
      dialect.stop,
      `w.depth--;`,
      `}`,
    ].join("\n");
  }

  #fields(): string[] {
    const { fields } = planOf(this.#struct);
    const lines: string[] = [`let v;`];
    let room = 0;
    for (const [i, field] of fields.entries()) {
      const need = this.#dialect.fixedSize(field.type);
      if (room < need) {
        room = this.#roomFrom(fields, i);
        lines.push(this.#dialect.room(room));
      }
      lines.push(...this.#field(field));
      room = this.#dialect.isFixed(field.type) ? room - need : 0;
    }
    return lines;
  }

  /** What the fields from `from` on take, up to and with the fixed part of the first that has more than that. */
  #roomFrom(fields: readonly FieldPlan[], from: number): number {
    let size = 0;
    for (const { type } of fields.slice(from)) {
      size += this.#dialect.fixedSize(type);
      if (!this.#dialect.isFixed(type) || size > 256) break;
    }
    return size;
  }

  #field(plan: FieldPlan): string[] {
    const { field } = plan;
    const name = JSON.stringify(field.property);
    const lines = [
      plan.inherited ? `v = Object.hasOwn(m, ${name}) ? m[${name}] : undefined;` : `v = m[${name}];`,
    ];
    const fills = plan.hasDefault && field.requiredness !== "optional";
    if (fills) lines.push(`if (v === undefined || v === null) v = ${this.#defaultValue(plan)};`);
    let write = this.#writeField(plan, "v");
    if (plan.dropsDefault) write = `if (${this.#differs(plan)}) { ${write} }`;
    const otherwise =
      fills || field.requiredness === "required" || field.requiredness === "argument"
        ? `throw bad;`
        : `if (v !== undefined && v !== null) throw bad;`;
    lines.push(`if (${this.#test(plan.type, "v")}) { ${write} } else ${otherwise}`);
    return lines;
  }

  #defaultValue({ field }: FieldPlan): string {
    const value = this.#constants.use(field.default);
    return typeof field.default === "function" ? `${value}()` : value;
  }

  #differs(plan: FieldPlan): string {
    if (plan.type.kind === "binary") return `!isDefault(${this.#constants.use(plan.field)}, v)`;
    return `v !== ${this.#constants.use(defaultOf(plan.field))}`;
  }

  #writeField(plan: FieldPlan, v: string): string {
    const dialect = this.#dialect;
    const write =
      plan.type.kind === "bool"
        ? dialect.boolField(plan.header, v)
        : `${dialect.field(plan.header)} ${this.#write(plan.type, v)}`;
    return `${write} ${this.#options.protocol === "compact" || this.#options.keepUnknown ? `q = ${plan.header};` : ""}`;
  }

  #union(): string[] {
    const { fields } = planOf(this.#struct);
    const room = Math.max(0, ...fields.map(({ type }) => this.#dialect.fixedSize(type)));
    const lines = [`const v = m.value;`, this.#dialect.room(room), `switch (m.case) {`];
    for (const plan of fields) {
      lines.push(
        `case ${JSON.stringify(plan.field.property)}:`,
        `if (!(${this.#test(plan.type, "v")})) throw bad;`,
        this.#writeField(plan, "v"),
        `break;`,
      );
    }
    const otherwise = this.#options.keepUnknown
      ? `if ((m.case !== undefined && m.case !== null) || m[unknownFields] === undefined) throw bad;`
      : `throw bad;`;
    lines.push(`default: ${otherwise}`, `}`);
    return lines;
  }

  /** An expression: whether the value has the type, as far as one can tell without writing it. */
  #test(type: Type, v: string): string {
    switch (type.kind) {
      case "bool":
        return `typeof ${v} === "boolean"`;
      case "i8":
        return `typeof ${v} === "number" && ((${v} << 24) >> 24) === ${v}`;
      case "i16":
        return `typeof ${v} === "number" && ((${v} << 16) >> 16) === ${v}`;
      case "i32":
      case "enum":
        return `typeof ${v} === "number" && (${v} | 0) === ${v}`;
      case "i64":
        return `typeof ${v} === "bigint"`;
      case "i64Number":
        return `Number.isSafeInteger(${v})`;
      case "double":
        return `typeof ${v} === "number"`;
      case "string":
      case "uuid":
        return `typeof ${v} === "string"`;
      case "binary":
        return `(${v} instanceof Uint8Array || isBytes(${v}))`;
      case "list":
        return `Array.isArray(${v})`;
      case "set":
        return type.array ? `Array.isArray(${v})` : `${v} instanceof Set`;
      case "map":
        return `${v} instanceof Map`;
      case "record":
        return `typeof ${v} === "object" && ${v} !== null && !Array.isArray(${v}) && !(${v} instanceof Map)`;
      default:
        return `typeof ${v} === "object" && ${v} !== null`;
    }
  }

  /** Statements that write a value which passed the test; for what is of fixed size there is room. */
  #write(type: Type, v: string): string {
    const dialect = this.#dialect;
    switch (type.kind) {
      case "list":
        return this.#elements(type.element, v, `${v}.length`, "array");
      case "set":
        return type.array
          ? this.#elements(type.element, v, `${v}.length`, "array")
          : this.#elements(type.element, v, `${v}.size`, "iterable");
      case "map":
        return this.#map(type.key, type.value, v);
      case "record":
        return this.#record(type.value, v);
      case "struct":
      case "union":
      case "exception":
        return dialect.call(`${this.#nameOf(type)}(w, ${v});`);
      case "foreign":
        return dialect.call(`${this.#constants.use(type)}.write(w, ${v});`);
      default:
        return dialect.scalar(type.kind, v);
    }
  }

  #element(type: Type, v: string, hasRoom: boolean): string {
    const dialect = this.#dialect;
    const room = hasRoom || dialect.elementSize(type) === 0 ? "" : dialect.room(dialect.elementSize(type));
    return `if (!(${this.#test(type, v)})) throw bad; ${room} ${this.#write(type, v)}`;
  }

  #local(letter: string): string {
    return `${letter}${++this.#locals}`;
  }

  #elements(type: Type, v: string, size: string, shape: "array" | "iterable"): string {
    const dialect = this.#dialect;
    const n = this.#local("n");
    const x = this.#local("x");
    const fixed = dialect.isFixed(type);
    const loop =
      shape === "array"
        ? `for (let i${n} = 0; i${n} < ${n}; i${n}++) { const ${x} = ${v}[i${n}];`
        : `for (const ${x} of ${v}) {`;
    return [
      `const ${n} = ${size};`,
      dialect.list(wireTypeOf(type), n),
      fixed ? dialect.room(`${n} * ${dialect.elementSize(type)}`) : "",
      loop,
      this.#element(type, x, fixed),
      `}`,
    ].join("\n");
  }

  #map(key: Type, value: Type, v: string): string {
    const n = this.#local("n");
    const k = this.#local("x");
    const x = this.#local("x");
    return [
      `const ${n} = ${v}.size;`,
      this.#dialect.map(wireTypeOf(key), wireTypeOf(value), n),
      `for (const [${k}, ${x}] of ${v}) {`,
      this.#element(key, k, false),
      this.#element(value, x, false),
      `}`,
    ].join("\n");
  }

  #record(value: Type, v: string): string {
    const keys = this.#local("n");
    const k = this.#local("x");
    const x = this.#local("x");
    const string: Type = { kind: "string" };
    return [
      `const ${keys} = Object.keys(${v});`,
      this.#dialect.map(wireTypeOf(string), wireTypeOf(value), `${keys}.length`),
      `for (let i${k} = 0; i${k} < ${keys}.length; i${k}++) { const ${k} = ${keys}[i${k}];`,
      this.#write(string, k),
      `const ${x} = ${v}[${k}];`,
      this.#element(value, x, false),
      `}`,
    ].join("\n");
  }
}
