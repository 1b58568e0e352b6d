import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A target of `exports`: a path, or targets by condition, the first that holds wins. */
export type Target = string | { readonly [condition: string]: Target };

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly exports?: Readonly<Record<string, Target>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly [field: string]: unknown;
}

export interface WorkspacePackage {
  /** The folder's name, which is the package's name without its scope. */
  readonly folder: string;
  /** Absolute path of the folder. */
  readonly path: string;
  readonly manifest: Manifest;
}

/** Absolute path of the repository, without a slash at its end. */
export const root: string = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** All packages under `packages/`, sorted by folder. */
export function workspacePackages(): readonly WorkspacePackage[] {
  return packagesUnder("packages");
}

/** All packages under `examples/`, sorted by folder. */
export function examples(): readonly WorkspacePackage[] {
  return packagesUnder("examples");
}

function packagesUnder(parent: string): readonly WorkspacePackage[] {
  if (!existsSync(join(root, parent))) return [];
  const packages: WorkspacePackage[] = [];
  for (const folder of readdirSync(join(root, parent)).sort()) {
    const path = join(root, parent, folder);
    const manifestFile = join(path, "package.json");
    if (!existsSync(manifestFile)) continue;
    packages.push({ folder, path, manifest: JSON.parse(readFileSync(manifestFile, "utf8")) as Manifest });
  }
  return packages;
}

/** The packages that are published. One that has no `src/index.ts` yet is only a name, and is left out. */
export function publicPackages(): readonly WorkspacePackage[] {
  return workspacePackages().filter(
    ({ path, manifest }) => manifest.private !== true && existsSync(join(path, "src", "index.ts")),
  );
}

/** Whether there is any TypeScript in a package: one that is only a name cannot be compiled. */
export function hasSources(path: string): boolean {
  const source = join(path, "src");
  if (!existsSync(source)) return false;
  return readdirSync(source, { encoding: "utf8", recursive: true }).some((file) => file.endsWith(".ts"));
}

/** What users can import: `.`, `./node` and so on, without `./package.json`. */
export function subpaths(manifest: Manifest): readonly string[] {
  return Object.keys(manifest.exports ?? {}).filter((subpath) => subpath !== "./package.json");
}

/** The path that a target of `exports` leads to under some conditions, as Node and bundlers resolve it. */
export function resolveTarget(target: Target | undefined, conditions: readonly string[]): string | undefined {
  if (target === undefined || typeof target === "string") return target;
  for (const [condition, inner] of Object.entries(target)) {
    if (condition !== "default" && !conditions.includes(condition)) continue;
    const path = resolveTarget(inner, conditions);
    if (path !== undefined) return path;
  }
  return undefined;
}
