import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { layers, nodeSubpaths } from "./layers.ts";
import { resolveTarget, subpaths, type WorkspacePackage } from "./workspace.ts";

/**
 * Finds uses of Node's globals (`Buffer`, `process`, `setImmediate`) in packages that run anywhere but have a Node half, so
 * that their build has to know Node's types: what their other subpaths reach is compiled here with those of a web worker.
 * Builds of all other packages that run anywhere know no Node types to begin with.
 *
 * @returns one line a name that is not found.
 */
export function nodeGlobals(packages: readonly WorkspacePackage[]): readonly string[] {
  return packages
    .filter(({ folder, path }) => layers[folder]?.runs === "anywhere" && buildsWithNodeTypes(path))
    .flatMap(diagnostics);
}

function buildsWithNodeTypes(path: string): boolean {
  const file = join(path, "tsconfig.build.json");
  if (!existsSync(file)) return false;
  const { compilerOptions } = JSON.parse(readFileSync(file, "utf8")) as {
    compilerOptions?: { types?: string[] };
  };
  return compilerOptions?.types?.includes("node") === true;
}

function diagnostics({ folder, path, manifest }: WorkspacePackage): readonly string[] {
  const entries = subpaths(manifest)
    .filter((subpath) => !nodeSubpaths.includes(subpath))
    .map((subpath) =>
      join(path, resolveTarget(manifest.exports?.[subpath], ["@slipstream/source", "browser"]) ?? ""),
    )
    .filter((file) => existsSync(file));
  const program = ts.createProgram(entries, {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.webworker.d.ts"],
    types: [],
    module: ts.ModuleKind.NodeNext,
    customConditions: ["@slipstream/source", "browser"],
    allowImportingTsExtensions: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
  });
  const own = `${resolve(path)}/`;
  return ts.getPreEmitDiagnostics(program).flatMap(({ file, messageText }) => {
    if (file === undefined || !resolve(file.fileName).startsWith(own)) return [];
    const text = ts.flattenDiagnosticMessageText(messageText, "\n");
    if (!text.startsWith("Cannot find ")) return [];
    const place = `packages/${folder}/${resolve(file.fileName).slice(own.length)}`;
    return [`${place}: ${text}`];
  });
}
