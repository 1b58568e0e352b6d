import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext, Script } from "node:vm";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { layers, nodeSubpaths } from "./layers.ts";
import { installTarballs, type PackedPackage } from "./pack.ts";
import { run } from "./run.ts";
import { subpaths } from "./workspace.ts";

export interface AloneReport {
  /** One line a problem. */
  readonly problems: readonly string[];
  /** One line for each subpath that runs in a browser, with the size of its bundle. */
  readonly bundles: readonly string[];
}

/**
 * Installs each package by itself, from its tarball, into an empty folder outside the repository. With pnpm's strict
 * `node_modules` only what the package declares is there. Then imports and requires each subpath under Node, and bundles
 * those that run in a browser.
 */
export async function installAlone(packed: readonly PackedPackage[]): Promise<AloneReport> {
  const problems: string[] = [];
  const bundles: string[] = [];
  const top = await mkdtemp(join(tmpdir(), "slipstream-alone-"));
  try {
    for (const each of packed) {
      try {
        bundles.push(...(await checkAlone(top, each, packed)));
      } catch (error) {
        problems.push(`${each.manifest.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    await rm(top, { recursive: true });
  }
  return { problems, bundles };
}

async function checkAlone(
  top: string,
  { folder, manifest }: PackedPackage,
  packed: readonly PackedPackage[],
): Promise<readonly string[]> {
  const path = join(top, folder);
  const alone = { [manifest.name]: manifest.version };
  await installTarballs(path, packed, alone);
  const optional = optionalPeers(manifest);
  const specifiers = subpaths(manifest).map((subpath) => join(manifest.name, subpath));
  const missing = await importAll(path, specifiers, Object.keys(optional));
  if (missing.length > 0) {
    // These subpaths are adapters of an optional peer: with the peer they work.
    await installTarballs(path, packed, { ...alone, ...optional });
    await importAll(path, missing, []);
  }
  for (const name of Object.keys(manifest.bin ?? {})) {
    await run(join(path, "node_modules", ".bin", name), ["--help"], { cwd: path });
  }
  if (layers[folder]?.runs !== "anywhere") return [];
  const bundles: string[] = [];
  for (const subpath of subpaths(manifest)) {
    if (nodeSubpaths.includes(subpath)) continue;
    const specifier = join(manifest.name, subpath);
    bundles.push(`${specifier}: ${await bundledSize(path, specifier)} bytes, minified and gzipped`);
  }
  return bundles;
}

function optionalPeers(manifest: PackedPackage["manifest"]): Record<string, string> {
  const peers = Object.entries(manifest.peerDependencies ?? {});
  return Object.fromEntries(
    peers.filter(([name]) => manifest.peerDependenciesMeta?.[name]?.optional === true),
  );
}

/**
 * Imports and requires each specifier in one Node process, and compares what both export.
 *
 * @returns the specifiers that failed only because one of `optional` is not installed.
 */
async function importAll(
  path: string,
  specifiers: readonly string[],
  optional: readonly string[],
): Promise<readonly string[]> {
  const probe = `
    import { createRequire } from "node:module";
    const require = createRequire(import.meta.url);
    const optional = ${JSON.stringify(optional)};
    const missing = [];
    for (const specifier of ${JSON.stringify(specifiers)}) {
      try {
        const imported = Object.keys(await import(specifier)).sort().join();
        const required = Object.keys(require(specifier)).filter((name) => name !== "__esModule").sort().join();
        if (imported !== required) throw new Error(\`\${specifier} exports \${imported}, but required \${required}\`);
      } catch (error) {
        const isMissing = optional.some((name) => error.message.includes(\`Cannot find package '\${name}'\`));
        if (!isMissing || specifier === ${JSON.stringify(specifiers[0])}) throw error;
        missing.push(specifier);
      }
    }
    console.log("missing: " + JSON.stringify(missing));
  `;
  await writeFile(join(path, "probe.mjs"), probe);
  const printed = await run(process.execPath, ["--disable-warning=ExperimentalWarning", "probe.mjs"], {
    cwd: path,
  });
  const missing = /^missing: (.*)$/m.exec(printed)?.[1];
  if (missing === undefined) throw new Error(`the probe did not come to its end:\n${printed}`);
  return JSON.parse(missing) as string[];
}

/**
 * Bundles a specifier for a browser, without shims for Node, and evaluates it where there is nothing but what browsers have.
 *
 * @returns the size of the bundle in bytes.
 * @throws Error when it needs Node.
 */
async function bundledSize(path: string, specifier: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `import * as all from ${JSON.stringify(specifier)}; globalThis.exported = Object.keys(all);`,
      resolveDir: path,
    },
    bundle: true,
    minify: true,
    platform: "browser",
    format: "iife",
    target: "es2022",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const foreign = Object.keys(metafile.inputs).filter(
    (input) => !/^<stdin>$|node_modules\/@slipstream\//.test(input),
  );
  if (foreign.length > 0) throw new Error(`the browser bundle of ${specifier} holds ${foreign.join(", ")}`);
  const text = outputFiles[0]?.text ?? "";
  if (/["'`]node:/.test(text)) throw new Error(`the browser bundle of ${specifier} names a node: module`);
  const scope = createContext(browserGlobals());
  try {
    new Script(text).runInContext(scope);
  } catch (cause) {
    throw new Error(`the browser bundle of ${specifier} does not load without Node: ${String(cause)}`, {
      cause,
    });
  }
  return gzipSync(text).length;
}

/** Globals that every browser has and that our packages may use while they load. */
function browserGlobals(): Record<string, unknown> {
  const names = [
    "AbortController",
    "AbortSignal",
    "clearTimeout",
    "console",
    "Event",
    "EventTarget",
    "performance",
    "queueMicrotask",
    "setTimeout",
    "TextDecoder",
    "TextEncoder",
    "URL",
  ] as const;
  return Object.fromEntries(names.map((name) => [name, globalThis[name]]));
}
