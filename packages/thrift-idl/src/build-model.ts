import { checkEnum } from "./check/enums.ts";
import { checkFields } from "./check/fields.ts";
import { FileLoader, type IncludeOptions } from "./check/files.ts";
import { declareNames, type Scope, unknownType } from "./check/scope.ts";
import { checkInheritance, checkMethods } from "./check/services.ts";
import { checkTypedefs } from "./check/typedefs.ts";
import { resolveTypeSyntax } from "./check/types.ts";
import { ValueChecker } from "./check/values.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { DiagnosticSink } from "./diagnostics.ts";
import type { Model } from "./model.ts";
import type { SourceFile } from "./source.ts";

export interface ModelResult {
  /** Absent when a diagnostic is an error. */
  readonly model?: Model;
  /** Errors and warnings of all files, each file's from top to bottom. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Parses and checks IDL files and all they include. Never throws for what the files contain; what `read` throws passes
 * through.
 *
 * @example
 * const source = new SourceFile("echo.thrift", text);
 * const { model, diagnostics } = buildModel([source]);
 * for (const diagnostic of diagnostics) console.error(formatDiagnostic(diagnostic));
 */
export function buildModel(roots: readonly SourceFile[], options: IncludeOptions = {}): ModelResult {
  const sink = new DiagnosticSink();
  const loader = new FileLoader(roots, options, sink);
  const rootScopes = new Set(roots.map((root) => loader.load(root)));
  check(loader.scopes, sink);
  const diagnostics = sink.sorted();
  if (sink.hasErrors) return { diagnostics };
  const files = loader.scopes.map(({ file }) => file);
  return { model: { roots: [...rootScopes].map(({ file }) => file), files }, diagnostics };
}

/** In the order in which one step needs what another found. */
function check(scopes: readonly Scope[], sink: DiagnosticSink): void {
  const values = new ValueChecker(sink);
  for (const scope of scopes) scope.file.definitions = declareNames(scope, sink);
  checkTypedefs(scopes, sink);
  for (const scope of scopes) checkDefinitions(scope, values, sink);
  checkInheritance(scopes, sink);
  values.checkDefaults();
  for (const { names } of scopes) {
    for (const declared of names.values()) if (declared.kind === "const") values.constant(declared);
  }
}

function checkDefinitions(scope: Scope, values: ValueChecker, sink: DiagnosticSink): void {
  for (const declared of scope.names.values()) {
    const { kind, syntax, model } = declared;
    switch (kind) {
      case "enum":
        model.members = checkEnum(syntax, sink);
        break;
      case "struct":
        model.fields = checkFields(scope, syntax.fields, syntax.kind, values, sink);
        break;
      case "service":
        model.methods = checkMethods(scope, syntax, values, sink);
        break;
      case "const":
        model.type = resolveTypeSyntax(scope, syntax.type, sink) ?? unknownType;
        break;
      case "typedef":
        break;
    }
  }
}
