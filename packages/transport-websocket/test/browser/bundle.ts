import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A bundle as a page would get it: no shims for Node, so an import of a builtin fails it. */
export async function bundle(file: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(file)],
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
