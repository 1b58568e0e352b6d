import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.ts";
import { publicPackages, root, type WorkspacePackage } from "./workspace.ts";

export interface PackedPackage extends WorkspacePackage {
  /** Absolute path of what would be published. */
  readonly tarball: string;
}

/**
 * Packs every public package as it would be published, and removes the tarballs after `use` ended.
 *
 * @throws Error when a package was not built.
 */
export async function withTarballs<T>(use: (packed: readonly PackedPackage[]) => Promise<T>): Promise<T> {
  const packages = publicPackages();
  const unbuilt = packages.filter(({ path }) => !existsSync(join(path, "dist", "index.js")));
  if (unbuilt.length > 0) {
    throw new Error(`not built: ${unbuilt.map(({ folder }) => folder).join(", ")}; run \`pnpm build\` first`);
  }
  const folder = await mkdtemp(join(tmpdir(), "slipstream-packed-"));
  try {
    return await use(await pack(root, packages, folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Packs packages of the workspace at `top` into `folder`. */
export async function pack(
  top: string,
  packages: readonly WorkspacePackage[],
  folder: string,
): Promise<readonly PackedPackage[]> {
  const filters = packages.map(({ manifest }) => `--filter=${manifest.name}`);
  if (packages.length > 0)
    await run("pnpm", ["-r", ...filters, "pack", `--pack-destination=${folder}`], { cwd: top });
  return packages.map((each) => ({ ...each, tarball: join(folder, tarballName(each)) }));
}

/**
 * Installs `dependencies` into an empty folder outside the repository, with pnpm's strict `node_modules`: only what a
 * package declares can be imported from it. Whatever of ours is needed comes from the tarballs.
 */
export async function installTarballs(
  path: string,
  packed: readonly PackedPackage[],
  dependencies: Readonly<Record<string, string>>,
): Promise<void> {
  const overrides = Object.fromEntries(
    packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]),
  );
  const manifest = { name: "user", private: true, type: "module", dependencies, pnpm: { overrides } };
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "package.json"), JSON.stringify(manifest));
  const flags = ["--ignore-workspace", "--no-lockfile", "--prefer-offline", "--ignore-scripts"];
  await run("pnpm", ["install", ...flags], { cwd: path, env: { CI: "true" } });
}

function tarballName({ manifest }: WorkspacePackage): string {
  return `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
}
