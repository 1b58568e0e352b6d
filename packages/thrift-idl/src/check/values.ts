import { DiagnosticSink } from "../diagnostics.ts";
import {
  type ConstModel,
  type EnumModel,
  type FieldModel,
  type ResolvedType,
  resolveType,
  type Type,
  type Value,
} from "../model.ts";
import type { ValueSyntax } from "../parse/syntax.ts";
import type { Span } from "../source.ts";
import { resolveValueName, type ValueTarget } from "./constants.ts";
import { article, describeValue, mismatch } from "./mismatch.ts";
import { scalarValue } from "./scalars.ts";
import { type Declared, type Scope, unknownType, type Writable } from "./scope.ts";
import { structValue } from "./struct-values.ts";
import { formatType, isSameType } from "./types.ts";

type DeclaredConst = Extract<Declared, { kind: "const" }>;

interface Default {
  readonly field: Writable<FieldModel>;
  readonly syntax: ValueSyntax;
  readonly scope: Scope;
}

/** So many parts may all values of a model have: more takes constants that are made to grow. */
const maxParts = 1_000_000;
/** Constants that refer to constants, and values in values. */
const maxDepth = 300;

/** Evaluates constants and defaults, each once and in any order. */
export class ValueChecker {
  readonly #sink: DiagnosticSink;
  readonly #defaults = new Map<FieldModel, Default>();
  readonly #state = new Map<ConstModel | FieldModel, "open" | "done" | "failed">();
  #parts = 0;
  #depth = 0;

  constructor(sink: DiagnosticSink) {
    this.#sink = sink;
  }

  addDefault(field: Writable<FieldModel>, syntax: ValueSyntax, scope: Scope): void {
    this.#defaults.set(field, { field, syntax, scope });
  }

  checkDefaults(): void {
    for (const { field } of this.#defaults.values()) this.defaultOf(field);
  }

  /** Evaluates a constant. `undefined` when it is wrong, which was told. */
  constant({ model, syntax, scope }: DeclaredConst): Value | undefined {
    const value = this.#once(model, syntax.value.span, () => {
      return this.evaluate(model.type, syntax.value, scope, this.#sink);
    });
    if (value !== undefined) model.value = value;
    return this.#state.get(model) === "done" ? model.value : undefined;
  }

  hasDefault(field: FieldModel): boolean {
    return this.#defaults.has(field);
  }

  /** Evaluates the default of a field. `undefined` when it has none or a wrong one, which was told. */
  defaultOf(model: FieldModel): Value | undefined {
    const found = this.#defaults.get(model);
    if (found === undefined) return undefined;
    const { field, syntax, scope } = found;
    const value = this.#once(field, syntax.span, () => this.evaluate(field.type, syntax, scope, this.#sink));
    if (value !== undefined) field.defaultValue = value;
    return field.defaultValue;
  }

  /** The value that a text stands for as a value of a type. `undefined` when it does not fit, which is told. */
  evaluate(type: Type, syntax: ValueSyntax, scope: Scope, sink: DiagnosticSink): Value | undefined {
    if (++this.#parts > maxParts) {
      if (this.#parts === maxParts + 1)
        sink.error(syntax.span, `values have more than ${maxParts} parts in all`);
      return undefined;
    }
    if (this.#depth > maxDepth) {
      sink.error(syntax.span, `values nest and refer to each other more than ${maxDepth} deep`);
      return undefined;
    }
    this.#depth++;
    try {
      const resolved = resolveType(type);
      if (resolved === unknownType) return undefined;
      if (syntax.kind === "name" && syntax.name !== "true" && syntax.name !== "false") {
        return this.#named(resolved, syntax.name, syntax.span, scope, sink);
      }
      return this.#written(resolved, syntax, scope, sink);
    } finally {
      this.#depth--;
    }
  }

  #once(key: ConstModel | FieldModel, span: Span, make: () => Value | undefined): Value | undefined {
    const state = this.#state.get(key);
    if (state === "open") this.#sink.error(span, `the value of "${key.name}" contains itself`);
    if (state !== undefined) return undefined;
    this.#state.set(key, "open");
    const value = make();
    this.#state.set(key, value === undefined ? "failed" : "done");
    return value;
  }

  #named(
    type: ResolvedType,
    name: string,
    span: Span,
    scope: Scope,
    sink: DiagnosticSink,
  ): Value | undefined {
    const target = resolveValueName(scope, name, span, sink);
    if (target === undefined) return undefined;
    if (target.kind === "member") return memberValue(type, name, target, span, sink);
    const { declared } = target;
    const value = this.constant(declared);
    if (value === undefined) return undefined;
    if (isSameType(declared.model.type, type)) return { ...value, constant: declared.model };
    // Of another type: what it was written as may still fit.
    const attempt = new DiagnosticSink();
    const converted = this.evaluate(type, declared.syntax.value, declared.scope, attempt);
    if (converted === undefined) {
      sink.error(
        span,
        `${name} is ${article(formatType(declared.model.type))}, expected ${article(formatType(type))}`,
      );
      return undefined;
    }
    return withoutConstant(converted);
  }

  #written(type: ResolvedType, syntax: ValueSyntax, scope: Scope, sink: DiagnosticSink): Value | undefined {
    switch (type.kind) {
      case "base":
        return scalarValue(type.name, syntax, sink);
      case "enum":
        return enumValue(type.definition, syntax, sink);
      case "list":
      case "set":
        if (isEmptyContainer(syntax)) return { kind: "list", items: [] };
        if (syntax.kind !== "list") return mismatch(type, syntax, sink, "write [value, …]");
        return this.#list(type.element, type.kind === "set", syntax.items, scope, sink);
      case "map":
        if (isEmptyContainer(syntax)) return { kind: "map", entries: [] };
        if (syntax.kind !== "map") return mismatch(type, syntax, sink, "write {key: value, …}");
        return this.#map(type.key, type.value, syntax.entries, scope, sink);
      case "struct":
        if (syntax.kind !== "map") return mismatch(type, syntax, sink, 'write {"field": value, …}');
        return structValue(this, type.definition, syntax, scope, sink);
    }
  }

  #list(
    element: Type,
    unique: boolean,
    items: readonly ValueSyntax[],
    scope: Scope,
    sink: DiagnosticSink,
  ): Value | undefined {
    const values = items.map((item) => this.evaluate(element, item, scope, sink));
    if (unique) refuseRepeated(values, items, "value of this set", sink);
    const complete = values.filter((value) => value !== undefined);
    return complete.length === values.length ? { kind: "list", items: complete } : undefined;
  }

  #map(
    keyType: Type,
    valueType: Type,
    entries: readonly (readonly [ValueSyntax, ValueSyntax])[],
    scope: Scope,
    sink: DiagnosticSink,
  ): Value | undefined {
    const keys = entries.map(([key]) => this.evaluate(keyType, key, scope, sink));
    const values = entries.map(([, value]) => this.evaluate(valueType, value, scope, sink));
    refuseRepeated(
      keys,
      entries.map(([key]) => key),
      "key of this map",
      sink,
    );
    const complete: [Value, Value][] = [];
    keys.forEach((key, i) => {
      const value = values[i];
      if (key !== undefined && value !== undefined) complete.push([key, value]);
    });
    return complete.length === entries.length ? { kind: "map", entries: complete } : undefined;
  }
}

/** A value that is of another type than the constant it comes from, also when that in turn names a constant. */
function withoutConstant(value: Value): Value {
  const copy: Writable<Value> = { ...value };
  delete copy.constant;
  return copy;
}

/** `[]` for a map and `{}` for a list are common, and harmless. */
function isEmptyContainer(syntax: ValueSyntax): boolean {
  if (syntax.kind === "list") return syntax.items.length === 0;
  return syntax.kind === "map" && syntax.entries.length === 0;
}

function enumValue(owner: EnumModel, syntax: ValueSyntax, sink: DiagnosticSink): Value | undefined {
  const names = owner.members.map(({ name }) => `${owner.name}.${name}`);
  const help = names.length > 0 && names.length <= 20 ? `write ${names.join(" or ")}` : undefined;
  if (syntax.kind !== "int") {
    sink.error(syntax.span, `expected a value of enum ${owner.name}, found ${describeValue(syntax)}`, help);
    return undefined;
  }
  const member = owner.members.find(({ value }) => BigInt(value) === syntax.value);
  if (member === undefined) {
    sink.error(syntax.span, `enum ${owner.name} has no value ${syntax.value}`, help);
    return undefined;
  }
  return { kind: "enum", enum: owner, value: member.value, member };
}

function memberValue(
  type: ResolvedType,
  name: string,
  { enum: owner, member }: Extract<ValueTarget, { kind: "member" }>,
  span: Span,
  sink: DiagnosticSink,
): Value | undefined {
  if (type.kind === "enum" && type.definition === owner) {
    return { kind: "enum", enum: owner, value: member.value, member };
  }
  if (type.kind === "base" && /^i\d/.test(type.name)) {
    return scalarValue(type.name, { kind: "int", value: BigInt(member.value), span }, sink);
  }
  sink.error(span, `${name} is a value of enum ${owner.name}, expected ${article(formatType(type))}`);
  return undefined;
}

/** Only scalars are compared: they are what programs use as keys. */
function refuseRepeated(
  values: readonly (Value | undefined)[],
  syntax: readonly ValueSyntax[],
  what: string,
  sink: DiagnosticSink,
): void {
  const seen = new Set<unknown>();
  values.forEach((value, i) => {
    const span = syntax[i]?.span;
    if (value === undefined || span === undefined) return;
    if (value.kind === "list" || value.kind === "map" || value.kind === "struct") return;
    if (seen.has(value.value)) sink.error(span, `this ${what} stands twice`);
    seen.add(value.value);
  });
}
