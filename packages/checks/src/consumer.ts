import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { layers, nodeSubpaths } from "./layers.ts";
import { installTarballs, type PackedPackage } from "./pack.ts";
import { root, subpaths } from "./workspace.ts";

/**
 * Compiles a program that imports every subpath of the installed tarballs, declaration files included, as users do: one for
 * Node, with Node's types, and one for browsers, with those of the DOM.
 *
 * @returns one line a diagnostic.
 */
export async function consumerProblems(packed: readonly PackedPackage[]): Promise<readonly string[]> {
  const top = await mkdtemp(join(tmpdir(), "slipstream-consumer-"));
  try {
    const names = packed.map(({ manifest }) => [manifest.name, manifest.version]);
    const peers = packed.flatMap(({ manifest }) => Object.entries(manifest.peerDependencies ?? {}));
    await installTarballs(top, packed, Object.fromEntries([...names, ...peers]) as Record<string, string>);
    const anywhere = packed.filter(({ folder }) => layers[folder]?.runs === "anywhere");
    const forBrowsers = specifiers(anywhere).filter(
      (each) => !nodeSubpaths.some((half) => each.endsWith(half.slice(1))),
    );
    return [
      ...(await compile(top, "node.ts", specifiers(packed), { types: ["node"] })),
      ...(await compile(top, "browser.ts", forBrowsers, {
        types: [],
        lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
      })),
    ];
  } finally {
    await rm(top, { recursive: true });
  }
}

function specifiers(packed: readonly PackedPackage[]): readonly string[] {
  return packed.flatMap(({ manifest }) => subpaths(manifest).map((subpath) => join(manifest.name, subpath)));
}

async function compile(
  top: string,
  file: string,
  names: readonly string[],
  options: ts.CompilerOptions,
): Promise<readonly string[]> {
  const imports = names.map(
    (name, index) => `import * as m${index} from "${name}";\nexport { m${index} };\n`,
  );
  await writeFile(join(top, file), imports.join(""));
  const program = ts.createProgram([join(top, file)], {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    typeRoots: [join(root, "node_modules", "@types")],
    ...options,
  });
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const place = diagnostic.file?.fileName.replace(/^.*\/node_modules\//, "") ?? file;
    return `${file}: ${place}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`;
  });
}
