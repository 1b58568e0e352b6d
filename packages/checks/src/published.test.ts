import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { lintTarball, wrongTypes } from "./published.ts";
import { run } from "./run.ts";

/** The tarball of a package with these exports and files. */
async function tarball(exports: object, files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "published-"));
  const manifest = {
    name: "seed",
    version: "1.0.0",
    type: "module",
    license: "MIT",
    sideEffects: false,
    exports,
  };
  try {
    for (const [file, text] of Object.entries({ "package.json": JSON.stringify(manifest), ...files })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    await run("pnpm", ["pack", "--ignore-workspace"], { cwd: folder });
    return readFileSync(join(folder, "seed-1.0.0.tgz"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sound = { ".": { types: "./index.d.ts", default: "./index.js" } };
const files = { "index.js": "export const a = 1;\n", "index.d.ts": "export declare const a: number;\n" };

it("finds nothing in a sound tarball", async () => {
  const data = await tarball(sound, files);
  expect([...(await lintTarball(data)), ...(await wrongTypes(data))]).toEqual([]);
});

it("reports an export whose file is not in the tarball", async () => {
  const data = await tarball({ ...sound, "./absent": "./absent.js" }, files);
  expect(await lintTarball(data)).toEqual([expect.stringContaining("./absent.js")]);
});

it("reports an export without types", async () => {
  const data = await tarball({ ...sound, "./bare": "./bare.js" }, { ...files, "bare.js": "export {};\n" });
  expect(await wrongTypes(data)).toEqual([
    expect.stringContaining('"kind":"UntypedResolution","entrypoint":"./bare"'),
    expect.stringContaining('"kind":"UntypedResolution","entrypoint":"./bare"'),
  ]);
});

it("reports types whose own imports do not resolve for ESM", async () => {
  const data = await tarball(sound, {
    ...files,
    "index.d.ts": 'export { a } from "./a";\n',
    "a.d.ts": "export declare const a: number;\n",
  });
  expect(await wrongTypes(data)).toEqual([expect.stringContaining("InternalResolutionError")]);
});
