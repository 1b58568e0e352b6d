import type { DiagnosticSink } from "../diagnostics.ts";
import type {
  ConstModel,
  Definition,
  EnumModel,
  FileModel,
  ServiceModel,
  StructModel,
  Type,
  TypedefModel,
} from "../model.ts";
import type {
  ConstSyntax,
  DocumentSyntax,
  EnumSyntax,
  ServiceSyntax,
  StructSyntax,
  TypedefSyntax,
} from "../parse/syntax.ts";

/** A model while it is built: names are declared first, and filled in when all names are known. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A name of a file: what was written, and what it will mean. */
export type Declared =
  | Declaration<"const", ConstSyntax, ConstModel>
  | Declaration<"typedef", TypedefSyntax, TypedefModel>
  | Declaration<"enum", EnumSyntax, EnumModel>
  | Declaration<"struct", StructSyntax, StructModel>
  | Declaration<"service", ServiceSyntax, ServiceModel>;

interface Declaration<Kind extends string, Syntax, Model> {
  readonly kind: Kind;
  readonly scope: Scope;
  readonly syntax: Syntax;
  readonly model: Writable<Model>;
}

/** What the names in a file refer to. */
export interface Scope {
  readonly document: DocumentSyntax;
  readonly file: Writable<FileModel>;
  readonly includes: readonly Scope[];
  /** Prefixes whose file could not be read: what stands behind them is not told again. */
  readonly missing: ReadonlySet<string>;
  readonly names: Map<string, Declared>;
}

/** `undefined`: not found. `broken`: it exists, but its error was told already. */
export type Lookup = Declared | "broken" | undefined;

/** Finds `Name` in the file itself, and `prefix.Name` in what it includes. */
export function lookUp(scope: Scope, name: string): Lookup {
  const dot = name.lastIndexOf(".");
  if (dot < 0) return lookUpLocal(scope, name);
  return lookUpIncluded(scope, name.slice(0, dot), name.slice(dot + 1));
}

export function lookUpLocal(scope: Scope, name: string): Lookup {
  return scope.names.get(name) ?? (scope.document.broken.has(name) ? "broken" : undefined);
}

/** Several included files may have the same base name: the first that has the name is meant, as in thriftgo. */
export function lookUpIncluded(scope: Scope, prefix: string, name: string): Lookup {
  for (const included of scope.includes) {
    if (included.file.name !== prefix) continue;
    const found = lookUpLocal(included, name);
    if (found !== undefined) return found;
  }
  return scope.missing.has(prefix) ? "broken" : undefined;
}

/** Stands where a type could not be found out; an error was told, so no model with it gets out. */
export const unknownType: Type = { kind: "base", name: "bool", annotations: [] };

/** Declares all names of a file. */
export function declareNames(scope: Scope, sink: DiagnosticSink): readonly Definition[] {
  const definitions: Definition[] = [];
  for (const syntax of scope.document.definitions) {
    const declared = declare(scope, syntax);
    const { text, span } = syntax.name;
    const first = scope.names.get(text);
    if (first !== undefined) {
      const { line } = span.source.position(first.syntax.name.span.start);
      sink.error(
        span,
        `"${text}" is defined twice`,
        `its first definition is in line ${line}; rename one of them`,
      );
      continue;
    }
    scope.names.set(text, declared);
    definitions.push(declared.model);
  }
  return definitions;
}

function declare(scope: Scope, syntax: DocumentSyntax["definitions"][number]): Declared {
  const named = {
    name: syntax.name.text,
    ...(syntax.doc === undefined ? undefined : { doc: syntax.doc }),
    annotations: syntax.annotations,
    span: syntax.name.span,
    file: scope.file,
  };
  switch (syntax.kind) {
    case "const": {
      const value = { kind: "bool", value: false } as const;
      return { kind: "const", scope, syntax, model: { kind: "const", ...named, type: unknownType, value } };
    }
    case "typedef":
      return { kind: "typedef", scope, syntax, model: { kind: "typedef", ...named, type: unknownType } };
    case "enum":
      return { kind: "enum", scope, syntax, model: { kind: "enum", ...named, members: [] } };
    case "service":
      return { kind: "service", scope, syntax, model: { kind: "service", ...named, methods: [] } };
    default:
      return { kind: "struct", scope, syntax, model: { kind: syntax.kind, ...named, fields: [] } };
  }
}
