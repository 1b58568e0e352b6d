import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type PackedPackage, pack } from "./pack.ts";
import type { Manifest, WorkspacePackage } from "./workspace.ts";

/** A package of a test: its folder's name, files, and what differs from a sound package.json. */
export interface Seed {
  readonly folder: string;
  readonly files: Readonly<Record<string, string>>;
  readonly manifest?: Partial<Manifest>;
}

/** Packs seeds in a workspace of their own, and removes all of it after `use` ended. */
export async function withSeeds<T>(
  seeds: readonly Seed[],
  use: (packed: readonly PackedPackage[]) => Promise<T>,
): Promise<T> {
  const top = mkdtempSync(join(tmpdir(), "slipstream-seeds-"));
  try {
    writeFiles(top, { "package.json": "{}", "pnpm-workspace.yaml": "packages: ['packages/*']\n" });
    const packages = seeds.map((seed) => writeSeed(top, seed));
    return await use(await pack(top, packages, join(top, "packed")));
  } finally {
    rmSync(top, { recursive: true });
  }
}

function writeSeed(top: string, { folder, files, manifest: fields }: Seed): WorkspacePackage {
  const manifest: Manifest = {
    name: `@slipstream/${folder}`,
    version: "1.0.0",
    type: "module",
    license: "MIT",
    sideEffects: false,
    engines: { node: ">=20.19" },
    exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
    ...fields,
  };
  const path = join(top, "packages", folder);
  writeFiles(path, { "package.json": JSON.stringify(manifest), ...files });
  return { folder, path, manifest };
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}
