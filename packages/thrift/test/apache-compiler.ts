import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why the compiler cannot be used; undefined when it can. */
export const compilerMissing: string | undefined =
  spawnSync("thrift", ["--version"], { timeout: 10_000 }).status === 0
    ? undefined
    : "the Apache compiler is not there (Debian package thrift-compiler)";

/** What the Apache compiler makes of an IDL for npm thrift: exports by name. */
export function compileForNpmThrift(idl: string, generator: string): Record<string, unknown> {
  const folder = mkdtempSync(join(tmpdir(), "thrift-"));
  try {
    writeFileSync(join(folder, "test.thrift"), idl);
    const args = ["--gen", generator, "-out", folder, join(folder, "test.thrift")];
    const { status, stderr } = spawnSync("thrift", args, { encoding: "utf8", timeout: 20_000 });
    if (status !== 0) throw new Error(`thrift ${args.join(" ")}: ${stderr}`);
    const file = readdirSync(folder).find((name) => name.endsWith("_types.js"));
    return run(readFileSync(join(folder, file ?? "test_types.js"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ours = createRequire(import.meta.url);
// node-int64 is a dependency of npm thrift, not ours.
const theirs = createRequire(ours.resolve("thrift"));

function run(code: string): Record<string, unknown> {
  const module = { exports: {} as Record<string, unknown> };
  const require = (name: string): unknown => (name === "thrift" ? ours(name) : theirs(name));
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- CommonJS that is on no disk
  new Function("module", "exports", "require", code)(module, module.exports, require);
  return module.exports;
}
