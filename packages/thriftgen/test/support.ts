import { buildModel, formatDiagnostic, SourceFile } from "@slipstream/thrift-idl";
import { type GenerateOptions, type GenerateResult, generate } from "../src/index.ts";

/** Generates from `a.thrift`, which must be right, and files it may include. */
export function generateFrom(
  text: string,
  options: GenerateOptions = {},
  files: Readonly<Record<string, string>> = {},
): GenerateResult {
  const { model, diagnostics } = buildModel([new SourceFile("a.thrift", text)], {
    read: (path) => files[path],
  });
  if (model === undefined) throw new Error(diagnostics.map((d) => formatDiagnostic(d)).join("\n"));
  return generate(model, options);
}

/** The module of `a.thrift` without its first lines, the comment and the imports. */
export function bodyOf(
  text: string,
  options?: GenerateOptions,
  files?: Readonly<Record<string, string>>,
): string {
  const module = moduleOf(text, options, files);
  return module.replace(/^[^]*?;\n\n/, "");
}

export function moduleOf(
  text: string,
  options?: GenerateOptions,
  files?: Readonly<Record<string, string>>,
): string {
  const module = generateFrom(text, options, files).files.find(({ path }) => path.endsWith("a.ts"));
  if (module === undefined) throw new Error("no module was printed");
  return module.text;
}

/** What the generator has to say, as `line:column severity: message`. */
export function toldOf(text: string, options?: GenerateOptions): readonly string[] {
  return generateFrom(text, options).diagnostics.map(({ severity, message, span }) => {
    const { line, column } = span.source.position(span.start);
    return `${line}:${column} ${severity}: ${message}`;
  });
}
