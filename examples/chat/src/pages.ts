import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The page with its script and style, ready to be served. */
export interface Pages {
  serve(request: IncomingMessage, response: ServerResponse): void;
}

/** Bundles the page for browsers, from the sources. */
export async function bundlePages(): Promise<Pages> {
  const folder = new URL("page/", import.meta.url);
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("page.ts", folder))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@slipstream/source"],
  });
  const html = await readFile(new URL("index.html", folder));
  const files = new Map([
    ["/", { type: "text/html; charset=utf-8", body: html }],
    ["/style.css", { type: "text/css; charset=utf-8", body: await readFile(new URL("style.css", folder)) }],
    ["/page.js", { type: "text/javascript; charset=utf-8", body: outputFiles[0]?.contents }],
  ]);
  return {
    serve(request, response) {
      const file = files.get(request.url?.split("?", 1)[0] ?? "");
      response.setHeader("content-security-policy", "default-src 'self'; img-src data:");
      response.setHeader("cache-control", "no-store");
      if (file === undefined) response.writeHead(404).end();
      else response.setHeader("content-type", file.type).end(file.body);
    },
  };
}
