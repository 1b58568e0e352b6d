import { beforeAll, expect, it } from "vitest";
import { type AloneReport, installAlone } from "./alone.ts";
import { type Seed, withSeeds } from "./seed-packages.ts";

const onMetainfo = { dependencies: { "@slipstream/metainfo": "^1.0.0" } };
const optionalPeer = { peerDependencies: { ws: "*" }, peerDependenciesMeta: { ws: { optional: true } } };

/** Two sound packages, and one for each way not to be; the folders are those of packages that run anywhere. */
const seeds: readonly Seed[] = [
  seed("metainfo", "export const a = 1;\n"),
  seed("rpc", 'export { a } from "@slipstream/metainfo";\n', onMetainfo),
  seed("stream", 'export { a } from "@slipstream/metainfo";\n'),
  seed("thrift", "export const late = await 1;\n"),
  seed("h2", 'import { connect } from "node:net";\nexport { connect };\n'),
  seed("ttheader", 'export const load = (name = "node:net") => import(name);\n'),
  seed("tracing", "export const empty = Buffer.alloc(0);\n"),
  seed("transport-websocket", 'export { connect } from "ws";\n', optionalPeer),
];

let report: AloneReport;

beforeAll(async () => {
  report = await withSeeds(seeds, installAlone);
}, 120_000);

function seed(folder: string, source: string, manifest: Seed["manifest"] = {}): Seed {
  return { folder, files: { "index.js": source, "index.d.ts": "export {};\n" }, manifest };
}

function problemOf(folder: string): string {
  return report.problems.filter((problem) => problem.startsWith(`@slipstream/${folder}:`)).join("\n");
}

it("imports, requires and bundles packages that have all that they need", () => {
  expect(problemOf("metainfo") + problemOf("rpc")).toBe("");
  expect(report.bundles).toEqual([
    expect.stringMatching(/^@slipstream\/metainfo: \d+ bytes/),
    expect.stringMatching(/^@slipstream\/rpc: \d+ bytes/),
  ]);
});

it("reports an import that the package does not declare", () => {
  expect(problemOf("stream")).toContain("Cannot find package '@slipstream/metainfo'");
});

it("reports a package that cannot be required", () => {
  expect(problemOf("thrift")).toContain("ERR_REQUIRE_ASYNC_MODULE");
});

it("reports a Node builtin in a package for browsers", () => {
  expect(problemOf("h2")).toContain('Could not resolve "node:net"');
});

it("reports a Node builtin that is imported only when it is used", () => {
  expect(problemOf("ttheader")).toContain("names a node: module");
});

it("reports a Node global that a package for browsers needs to load", () => {
  expect(problemOf("tracing")).toContain("Buffer is not defined");
});

it("reports an optional peer that the root of a package cannot do without", () => {
  expect(problemOf("transport-websocket")).toContain("Cannot find package 'ws'");
});
