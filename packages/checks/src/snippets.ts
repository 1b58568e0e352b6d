import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { examples, publicPackages, resolveTarget, root, subpaths, workspacePackages } from "./workspace.ts";

/**
 * Compiles every block marked `ts` of the READMEs and of `docs/`, each as a module of its own beside the page. A block that
 * cannot stand alone is marked `ts fragment`.
 *
 * @returns one line an error, with the line of the page.
 */
export function snippetProblems(): readonly string[] {
  return compileSnippets(pages().flatMap((page) => snippets(page, readFileSync(page, "utf8"))));
}

/** A block of code in a page. */
export interface Snippet {
  /** Absolute path of the page. */
  readonly page: string;
  /** Line of the page on which the block's fence stands, from 1. */
  readonly line: number;
  readonly code: string;
}

/** The blocks of a page that must compile. */
export function snippets(page: string, text: string): readonly Snippet[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length,
    code: match[1] ?? "",
  }));
}

export function compileSnippets(all: readonly Snippet[]): readonly string[] {
  const byFile = new Map(all.map((snippet) => [`${snippet.page}.${snippet.line}.ts`, snippet]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    typeRoots: [join(root, "node_modules", "@types")],
    module: ts.ModuleKind.NodeNext,
    customConditions: ["@slipstream/source"],
    // A page shows programs of users, who install any of our packages.
    paths: sourcesBySpecifier(),
    allowImportingTsExtensions: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => byFile.has(file) || fileExists(file);
  host.readFile = (file) => byFile.get(file)?.code ?? readFile(file);
  host.getSourceFile = (file, languageVersion, ...others) => {
    const snippet = byFile.get(file);
    if (snippet === undefined) return getSourceFile(file, languageVersion, ...others);
    // An export makes it a module, with `await` at its top.
    return ts.createSourceFile(file, `${snippet.code}\nexport {};\n`, languageVersion, true);
  };
  const program = ts.createProgram([...byFile.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).flatMap(({ file, start, messageText }) => {
    const snippet = byFile.get(file?.fileName ?? "");
    if (file === undefined || snippet === undefined) return [];
    const line = snippet.line + 1 + file.getLineAndCharacterOfPosition(start ?? 0).line;
    return [`${relative(root, snippet.page)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`];
  });
}

function pages(): readonly string[] {
  const docs = join(root, "docs");
  const inDocs = existsSync(docs) ? readdirSync(docs, { encoding: "utf8", recursive: true }) : [];
  return [
    join(root, "README.md"),
    ...[...workspacePackages(), ...examples()].map(({ path }) => join(path, "README.md")),
    ...inDocs.filter((file) => file.endsWith(".md")).map((file) => join(docs, file)),
  ].filter((file) => existsSync(file));
}

function sourcesBySpecifier(): Record<string, string[]> {
  const sources: Record<string, string[]> = {};
  for (const { path, manifest } of publicPackages()) {
    for (const subpath of subpaths(manifest)) {
      const source = resolveTarget(manifest.exports?.[subpath], ["@slipstream/source", "node"]);
      if (source !== undefined) sources[join(manifest.name, subpath)] = [join(path, source)];
    }
  }
  return sources;
}
