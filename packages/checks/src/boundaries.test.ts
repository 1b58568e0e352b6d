import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { boundaryViolations } from "./boundaries.ts";

const folders = ["metainfo", "stream", "thrift", "transport-memory", "rpc", "conformance"];
const tops: string[] = [];

afterEach(() => {
  for (const top of tops.splice(0)) rmSync(top, { recursive: true });
});

/** A small workspace of sound packages, with the given files on top. */
function workspace(files: Readonly<Record<string, string>>): string {
  const top = mkdtempSync(join(tmpdir(), "boundaries-"));
  tops.push(top);
  const all: Record<string, string> = {
    "package.json": "{}",
    "packages/metainfo/src/index.ts": 'export { a } from "./a.ts";\n',
    "packages/metainfo/src/a.ts": "export const a = 1;\n",
    "packages/stream/src/index.ts": 'export { a } from "@slipstream/metainfo";\n',
    "packages/stream/src/node.ts": 'import "node:net";\n',
    "packages/stream/src/index.test.ts": 'import "node:fs";\nimport "@slipstream/conformance";\n',
    "packages/thrift/src/index.ts": 'export { a } from "@slipstream/stream";\n',
    "packages/transport-memory/src/index.ts": "export const memory = 1;\n",
    "packages/rpc/src/index.ts": "export const rpc = 1;\n",
    "packages/conformance/src/index.ts": 'import "@slipstream/rpc";\n',
  };
  for (const folder of folders) {
    const dependencies = Object.fromEntries(folders.map((name) => [`@slipstream/${name}`, "*"]));
    all[`packages/${folder}/package.json`] = JSON.stringify({
      name: `@slipstream/${folder}`,
      type: "module",
      exports: { ".": { "@slipstream/source": "./src/index.ts", default: "./dist/index.js" } },
      dependencies,
    });
  }
  for (const [file, text] of Object.entries({ ...all, ...files })) {
    mkdirSync(dirname(join(top, file)), { recursive: true });
    writeFileSync(join(top, file), text);
  }
  mkdirSync(join(top, "node_modules/@slipstream"), { recursive: true });
  for (const folder of folders) {
    symlinkSync(join(top, "packages", folder), join(top, "node_modules/@slipstream", folder));
  }
  return top;
}

it("finds nothing in a sound workspace", async () => {
  expect(await boundaryViolations(workspace({}))).toEqual([]);
});

const seeds: readonly (readonly [title: string, file: string, text: string, expected: string])[] = [
  [
    "a layer importing one above it",
    "packages/metainfo/src/a.ts",
    'export { rpc as a } from "@slipstream/rpc";\n',
    "layer-metainfo: packages/metainfo/src/a.ts -> packages/rpc/src/index.ts",
  ],
  [
    "a layer importing only a type of one above it",
    "packages/metainfo/src/a.ts",
    'import type { rpc } from "@slipstream/rpc";\nexport const a: typeof rpc = 1;\n',
    "layer-metainfo: packages/metainfo/src/a.ts -> packages/rpc/src/index.ts",
  ],
  [
    "a source importing the test suite",
    "packages/stream/src/a.ts",
    'import "@slipstream/conformance";\n',
    "layer-stream: packages/stream/src/a.ts -> packages/conformance/src/index.ts",
  ],
  [
    "an example importing a private package",
    "examples/demo/src/main.ts",
    'import "@slipstream/conformance";\n',
    "examples-import-public-packages: examples/demo/src/main.ts -> packages/conformance/src/index.ts",
  ],
  [
    "a path into another package's folder",
    "packages/stream/src/a.ts",
    'import "../../metainfo/src/a.ts";\n',
    "through-exports: packages/stream/src/a.ts -> packages/metainfo/src/a.ts",
  ],
  [
    "a Node builtin in a package that runs anywhere",
    "packages/stream/src/a.ts",
    'import { Buffer } from "node:buffer";\nexport { Buffer };\n',
    "anywhere-stream: packages/stream/src/a.ts -> buffer",
  ],
  [
    "a Node builtin without its prefix",
    "packages/stream/src/a.ts",
    'import { connect } from "net";\nexport { connect };\n',
    "anywhere-stream: packages/stream/src/a.ts -> net",
  ],
  [
    "a way from the half that runs anywhere to the Node half",
    "packages/stream/src/a.ts",
    'import "./node.ts";\n',
    "anywhere-stream-node-half: packages/stream/src/a.ts -> packages/stream/src/node.ts",
  ],
  [
    "an import that is not there",
    "packages/stream/src/a.ts",
    'import "./absent.ts";\n',
    "resolvable: packages/stream/src/a.ts -> ./absent.ts",
  ],
  [
    "a development dependency in a source",
    "packages/stream/package.json",
    JSON.stringify({
      name: "@slipstream/stream",
      type: "module",
      exports: { ".": { "@slipstream/source": "./src/index.ts" } },
      devDependencies: { "@slipstream/metainfo": "*", "@slipstream/conformance": "*" },
    }),
    "declared: packages/stream/src/index.ts imports @slipstream/metainfo, which is no dependency of @slipstream/stream",
  ],
  [
    "a package without a row in the table",
    "packages/stranger/package.json",
    "{}",
    "layer-unknown: packages/stranger has no row in packages/checks/src/layers.ts",
  ],
];

for (const [title, file, text, expected] of seeds) {
  it(`reports ${title}`, async () => {
    expect(await boundaryViolations(workspace({ [file]: text }))).toContain(expected);
  });
}

it("reports a cycle of files", async () => {
  const top = workspace({ "packages/metainfo/src/a.ts": 'import "./index.ts";\nexport const a = 1;\n' });
  expect(await boundaryViolations(top)).toContain(
    "no-cycle: packages/metainfo/src/a.ts -> packages/metainfo/src/index.ts -> packages/metainfo/src/a.ts",
  );
});

it("reports a cycle that crosses packages", async () => {
  const top = workspace({
    "packages/metainfo/src/a.ts":
      'import { a as other } from "@slipstream/stream";\nexport const a = other;\n',
  });
  expect(await boundaryViolations(top)).toContainEqual(
    expect.stringMatching(/^no-cycle: .*packages\/stream\/src\/index\.ts.*packages\/metainfo\/src\/a\.ts/),
  );
});
