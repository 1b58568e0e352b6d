import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import thrift from "thrift";

export type Exports = Readonly<Record<string, unknown>>;

/** Why something that needs the Apache compiler is left out. */
export const noCompiler = "the Apache compiler (Debian package thrift-compiler) is not there";

/** The modules that the Apache compiler prints for npm thrift, by name; `undefined` when it is not there. */
export function compileThrift(idl: string): ((name: string) => Exports) | undefined {
  const files = print(idl);
  if (!files) return undefined;
  // node-int64 is a dependency of npm thrift, not ours.
  const theirs = createRequire(createRequire(import.meta.url).resolve("thrift"));
  const loaded = new Map<string, Exports>();
  const load = (name: string): Exports => {
    const known = loaded.get(name);
    if (known) return known;
    const module = { exports: {} as Exports };
    // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- CommonJS that is on no disk
    const run = new Function("module", "exports", "require", files.get(name) ?? "") as (
      ...given: unknown[]
    ) => void;
    run(module, module.exports, (wanted: string): unknown => {
      if (wanted === "thrift") return thrift;
      return wanted.startsWith(".") ? load(basename(wanted, ".js")) : theirs(wanted);
    });
    loaded.set(name, module.exports);
    return module.exports;
  };
  return load;
}

function print(idl: string): Map<string, string> | undefined {
  const folder = mkdtempSync(join(tmpdir(), "bench-thrift-"));
  try {
    const file = join(folder, "bench.thrift");
    writeFileSync(file, idl);
    const { status } = spawnSync("thrift", ["--gen", "js:node,es6", "-out", folder, file], {
      timeout: 20_000,
    });
    if (status !== 0) return undefined;
    const printed = readdirSync(folder).filter((name) => name.endsWith(".js"));
    return new Map(printed.map((name) => [basename(name, ".js"), readFileSync(join(folder, name), "utf8")]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
