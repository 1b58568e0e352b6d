import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";

/** A bundle as a page would get it: no shims for Node, so an import of a builtin fails it. */
export function bundle(file: URL): Promise<string> {
  return built({ entryPoints: [fileURLToPath(file)] });
}

/** The same of a module's text, which may import what this folder may. */
export function bundleText(contents: string): Promise<string> {
  return built({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
  });
}

export function gzippedKib(text: string): number {
  return gzipSync(text).length / 1024;
}

async function built(input: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@slipstream/source"],
    logLevel: "silent",
  });
  return (outputFiles[0] as { text: string }).text;
}
