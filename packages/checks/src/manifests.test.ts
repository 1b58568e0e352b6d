import { expect, it } from "vitest";
import { manifestProblems } from "./manifests.ts";
import type { Manifest, WorkspacePackage } from "./workspace.ts";

const sound: Manifest = {
  name: "@slipstream/seed",
  version: "1.0.0",
  description: "A seed",
  type: "module",
  license: "Apache-2.0",
  repository: { type: "git", url: "git+https://example.org/seed.git", directory: "packages/seed" },
  engines: { node: ">=20.19" },
  sideEffects: false,
  files: ["dist", "src", "!src/**/*.test.ts", "!src/**/*.test-d.ts"],
  exports: {
    ".": { "@slipstream/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./package.json": "./package.json",
  },
};

/** The problems of a sound package with some fields changed; its folder is empty. */
function problems(fields: Partial<Manifest>, fixed = [["@slipstream/seed"]]): readonly string[] {
  const seed: WorkspacePackage = { folder: "seed", path: "/nowhere/seed", manifest: { ...sound, ...fields } };
  return manifestProblems({ packages: [seed], examples: [], fixed });
}

it("finds nothing wrong with a sound manifest", () => {
  expect(problems({})).toEqual([]);
});

const seeds: readonly (readonly [fields: Partial<Manifest>, expected: string])[] = [
  [{ name: "seed" }, "the name is seed, not @slipstream/seed"],
  [{ type: "commonjs" }, 'no "type": "module"'],
  [{ license: "MIT" }, 'no "license": "Apache-2.0"'],
  [{ description: "" }, "no description"],
  [{ repository: {} }, "repository.directory is not packages/seed"],
  [{ engines: { node: ">=18" } }, 'engines is not {"node":">=20.19"}'],
  [{ sideEffects: true }, 'no "sideEffects": false'],
  [{ files: ["dist"] }, 'files is not ["dist","src","!src/**/*.test.ts","!src/**/*.test-d.ts"]'],
  [{ exports: { ".": sound.exports?.["."] ?? "" } }, "./package.json is not exported"],
  [{ dependencies: { ws: "^8.0.0" } }, 'ws is "^8.0.0", not "catalog:"'],
  [{ devDependencies: { "@slipstream/rpc": "*" } }, '@slipstream/rpc is "*", not "workspace:^"'],
];

for (const [fields, expected] of seeds) {
  it(`reports: ${expected}`, () => {
    const fixed = [[fields.name ?? sound.name]];
    expect(problems(fields, fixed)).toEqual([`packages/seed: ${expected}`]);
  });
}

it("reports a subpath that our tests would load from the build", () => {
  const exports = { ...sound.exports, "./x": { types: "./dist/x.d.ts", default: "./dist/x.js" } };
  expect(problems({ exports })).toContain(
    "packages/seed: ./x leads to ./dist/x.d.ts under node, @slipstream/source, types",
  );
});

it("accepts a subpath of which browsers get another file", () => {
  const of = (name: string) => ({
    "@slipstream/source": `./src/${name}.ts`,
    types: `./dist/${name}.d.ts`,
    default: `./dist/${name}.js`,
  });
  const exports = { ...sound.exports, ".": { browser: of("browser"), default: of("index") } };
  expect(problems({ exports })).toEqual([]);
});

it("asks little of a private package", () => {
  const { name, version, description, type, license } = sound;
  const manifest = { name, version, description: String(description), type, license, private: true };
  const packages = [{ folder: "seed", path: "/nowhere/seed", manifest }];
  expect(manifestProblems({ packages, examples: [], fixed: [[]] })).toEqual([]);
});

it("reports a public package that does not share the version of all", () => {
  expect(problems({}, [[]])).toEqual([".changeset/config.json: fixed is not one group of @slipstream/seed"]);
});

it("reports an example that would be published, or that pins its own versions", () => {
  const manifest = { name: "demo", version: "0.0.0", dependencies: { "@slipstream/rpc": "^1.0.0" } };
  const examples = [{ folder: "demo", path: "/nowhere/demo", manifest }];
  expect(manifestProblems({ packages: [], examples, fixed: [[]] })).toEqual([
    'examples/demo: no "private": true',
    'examples/demo: @slipstream/rpc is "^1.0.0", not "workspace:^"',
  ]);
});
