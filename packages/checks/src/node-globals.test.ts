import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeGlobals } from "./node-globals.ts";

let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "node-globals-"));
  mkdirSync(join(path, "src"));
});

afterEach(() => {
  rmSync(path, { recursive: true });
});

/** What is found in a package with a Node half, whose root has this source. */
function found(source: string): readonly string[] {
  writeFileSync(join(path, "tsconfig.build.json"), '{ "compilerOptions": { "types": ["node"] } }');
  writeFileSync(join(path, "src", "index.ts"), source);
  writeFileSync(join(path, "src", "node.ts"), "export const size = process.memoryUsage().rss;\n");
  const exports = {
    ".": { "@slipstream/source": "./src/index.ts" },
    "./node": { "@slipstream/source": "./src/node.ts" },
  };
  return nodeGlobals([
    { folder: "stream", path, manifest: { name: "@slipstream/stream", version: "0.0.0", exports } },
  ]);
}

it("accepts what browsers have, and anything in the Node half", () => {
  expect(found("export const now = (): number => performance.now();\n")).toEqual([]);
});

it("reports a Node global outside the Node half", () => {
  expect(found("export const empty = () => Buffer.alloc(0);\n")).toEqual([
    expect.stringMatching(/^packages\/stream\/src\/index\.ts: Cannot find name 'Buffer'/),
  ]);
});
