import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
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
    const filters = packages.map(({ folder }) => `--filter=./packages/${folder}`);
    if (packages.length > 0)
      await run("pnpm", ["-r", ...filters, "pack", `--pack-destination=${folder}`], { cwd: root });
    return await use(packages.map((each) => ({ ...each, tarball: join(folder, tarballName(each)) })));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tarballName({ manifest }: WorkspacePackage): string {
  return `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
}
