import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why the compiler cannot be used; undefined when it can. */
export const compilerMissing: string | undefined =
  spawnSync("thrift", ["--version"], { timeout: 10_000 }).status === 0
    ? undefined
    : "the Apache compiler is not there (Debian package thrift-compiler)";

const npm = createRequire(import.meta.url);

/** What the Apache compiler makes of an IDL for npm thrift: exports of each file, by its name. */
export function compileForNpmThrift(idl: string): (name: string) => Record<string, unknown> {
  const folder = mkdtempSync(join(tmpdir(), "thrift-"));
  try {
    writeFileSync(join(folder, "lab.thrift"), idl);
    const args = ["--gen", "js:node,es6", "-out", folder, join(folder, "lab.thrift")];
    const { status, stderr } = spawnSync("thrift", args, { encoding: "utf8", timeout: 20_000 });
    if (status !== 0) throw new Error(`thrift ${args.join(" ")}: ${stderr}`);
    const modules = new Map<string, Record<string, unknown>>();
    const load = (name: string): Record<string, unknown> => {
      const known = modules.get(name);
      if (known !== undefined) return known;
      const code = readFileSync(join(folder, `${name}.js`), "utf8");
      const module = { exports: {} as Record<string, unknown> };
      const require = (wanted: string): unknown => {
        if (wanted.startsWith("./")) return load(wanted.slice(2));
        // node-int64 and others are dependencies of npm thrift, not ours.
        return wanted === "thrift" ? npm("thrift") : createRequire(npm.resolve("thrift"))(wanted);
      };
      // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- CommonJS that is on no disk
      new Function("module", "exports", "require", code)(module, module.exports, require);
      modules.set(name, module.exports);
      return module.exports;
    };
    for (const name of ["lab_types", "Lab"]) load(name);
    return load;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
