import type { DiagnosticSink } from "../diagnostics.ts";
import { type EnumMember, type EnumModel, resolveType } from "../model.ts";
import type { Span } from "../source.ts";
import { didYouMean } from "../suggest.ts";
import { type Declared, type Lookup, lookUpIncluded, lookUpLocal, type Scope } from "./scope.ts";

/** What a name in a value stands for. */
export type ValueTarget =
  | { readonly kind: "const"; readonly declared: Extract<Declared, { kind: "const" }> }
  | { readonly kind: "member"; readonly enum: EnumModel; readonly member: EnumMember };

/**
 * Finds a constant or an enum value: `NAME`, `Enum.NAME`, `file.NAME` or `file.Enum.NAME`, where `Enum` may be a typedef of
 * an enum. `undefined` when there is none, which is told.
 */
export function resolveValueName(
  scope: Scope,
  name: string,
  span: Span,
  sink: DiagnosticSink,
): ValueTarget | undefined {
  const found: ValueTarget[] = [];
  let isBroken = false;
  const add = (lookup: Lookup): void => {
    if (lookup === "broken") isBroken = true;
    else if (lookup?.kind === "const") found.push({ kind: "const", declared: lookup });
  };
  const addMember = (lookup: Lookup, memberName: string): void => {
    if (lookup === "broken") isBroken = true;
    const owner = lookup === "broken" ? undefined : enumOf(lookup);
    const member = owner?.members.find((each) => each.name === memberName);
    if (owner !== undefined && member !== undefined) found.push({ kind: "member", enum: owner, member });
  };

  const [head, last] = splitLast(name);
  if (head === undefined) {
    add(lookUpLocal(scope, last));
  } else {
    addMember(lookUpLocal(scope, head), last);
    add(lookUpIncluded(scope, head, last));
    const [prefix, enumName] = splitLast(head);
    if (prefix !== undefined) addMember(lookUpIncluded(scope, prefix, enumName), last);
  }

  if (found.length > 1) {
    sink.error(
      span,
      `"${name}" may mean ${found.length} different values`,
      "rename the enum or the included file",
    );
  } else if (found.length === 0 && !isBroken) {
    sink.error(span, `unknown value "${name}"`, () => helpForUnknown(scope, name));
  }
  return found.length === 1 ? found[0] : undefined;
}

function splitLast(name: string): [head: string | undefined, last: string] {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? [undefined, name] : [name.slice(0, dot), name.slice(dot + 1)];
}

function enumOf(declared: Declared | undefined): EnumModel | undefined {
  if (declared?.kind === "enum") return declared.model;
  if (declared?.kind !== "typedef") return undefined;
  const type = resolveType(declared.model.type);
  return type.kind === "enum" ? type.definition : undefined;
}

function helpForUnknown(scope: Scope, name: string): string | undefined {
  const [head, last] = splitLast(name);
  const owner = head === undefined ? undefined : lookUpLocal(scope, head);
  const members = owner === "broken" ? undefined : enumOf(owner)?.members;
  if (members !== undefined) {
    const guess = didYouMean(
      last,
      members.map((member) => member.name),
    );
    return guess ?? `${head} has ${members.map((member) => member.name).join(", ")}`;
  }
  for (const { kind, model } of scope.names.values()) {
    if (kind === "enum" && model.members.some((member) => member.name === last))
      return `write ${model.name}.${last}`;
  }
  const included = scope.includes.find(({ names }) => names.get(last)?.kind === "const");
  if (included !== undefined) return `write ${included.file.name}.${last}`;
  const constants = [...scope.names.values()].filter(({ kind }) => kind === "const");
  return (
    didYouMean(
      name,
      constants.map(({ model }) => model.name),
    ) ?? "for a text write it in quotes"
  );
}
