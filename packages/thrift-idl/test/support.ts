import {
  buildModel,
  type ConstModel,
  type EnumModel,
  formatDiagnostic,
  type Model,
  type ModelResult,
  type ServiceModel,
  SourceFile,
  type StructModel,
  type TypedefModel,
} from "../src/index.ts";

/** Builds the model of `a.thrift`, which may include the other files. */
export function build(text: string, files: Readonly<Record<string, string>> = {}): ModelResult {
  return buildModel([new SourceFile("a.thrift", text)], { read: (path) => files[path] });
}

/** The model of text that must be right; warnings are allowed. */
export function modelOf(text: string, files: Readonly<Record<string, string>> = {}): Model {
  const { model, diagnostics } = build(text, files);
  if (model === undefined) throw new Error(diagnostics.map((d) => formatDiagnostic(d)).join("\n"));
  return model;
}

interface ByKind {
  const: ConstModel;
  typedef: TypedefModel;
  enum: EnumModel;
  struct: StructModel;
  union: StructModel;
  exception: StructModel;
  service: ServiceModel;
}

/** One definition of `a.thrift`, of a kind. */
export function definitionOf<Kind extends keyof ByKind>(
  model: Model,
  kind: Kind,
  name: string,
): ByKind[Kind] {
  const found = model.roots[0]?.definitions.find((definition) => definition.name === name);
  if (found?.kind !== kind) throw new Error(`expected a ${kind} called ${name}, found ${found?.kind}`);
  // Its kind was compared just now.
  return found as ByKind[Kind];
}

/** Each diagnostic as `line:column severity: message (help)`. */
export function toldOf(text: string, files: Readonly<Record<string, string>> = {}): readonly string[] {
  return build(text, files).diagnostics.map(({ severity, message, help, span }) => {
    const { line, column } = span.source.position(span.start);
    return `${line}:${column} ${severity}: ${message}${help === undefined ? "" : ` (${help})`}`;
  });
}

/** Messages of the errors only. */
export function errorsOf(text: string, files: Readonly<Record<string, string>> = {}): readonly string[] {
  return build(text, files)
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(({ message }) => message);
}
