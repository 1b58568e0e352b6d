import { expect, it } from "vitest";
import { publishedProblems } from "./published.ts";
import { type Seed, withSeeds } from "./seed-packages.ts";

const files = { "index.js": "export const a = 1;\n", "index.d.ts": "export declare const a: number;\n" };
const root = { types: "./index.d.ts", default: "./index.js" };

/** The problems of a package that is sound but for what the seed changes. */
function problems(seed: Partial<Seed>): Promise<readonly string[]> {
  return withSeeds([{ folder: "stream", ...seed, files: { ...files, ...seed.files } }], publishedProblems);
}

it("finds nothing in a sound tarball", async () => {
  expect(await problems({})).toEqual([]);
});

it("reports an export whose file is not in the tarball", async () => {
  const exports = { ".": root, "./absent": "./absent.js" };
  expect(await problems({ manifest: { exports } })).toContainEqual(
    expect.stringMatching(/^@slipstream\/stream: publint: .*absent\.js/),
  );
});

it("reports an export without types", async () => {
  const exports = { ".": root, "./bare": "./bare.js" };
  expect(await problems({ manifest: { exports }, files: { "bare.js": "export {};\n" } })).toContainEqual(
    expect.stringMatching(/attw: .*"UntypedResolution","entrypoint":"\.\/bare"/),
  );
});

it("reports types whose own imports do not resolve for ESM", async () => {
  const broken = { "index.d.ts": 'export { a } from "./a";\n', "a.d.ts": files["index.d.ts"] };
  expect(await problems({ files: broken })).toContainEqual(
    expect.stringMatching(/attw: .*InternalResolutionError/),
  );
});
