/** One row of the layer table: what a package is, and what of ours it may import. */
export interface Layer {
  readonly layer: "contract" | "wire" | "part" | "facade" | "tool" | "private";
  /** Packages of ours that its source may import. Its tests may also import {@link importableInTests}. */
  readonly mayImport: readonly string[] | "any";
  /**
   * Where it runs. `anywhere`: no Node builtin, except in files that {@link nodeFile} recognises. `node`: Node only.
   */
  readonly runs: "anywhere" | "node";
}

const contract = ["metainfo", "stream"];
const wire = ["thrift", "h2", "ttheader"];

/** The layers, by folder under `packages/`. A folder without a row fails the check of the boundaries. */
export const layers: Readonly<Record<string, Layer>> = {
  metainfo: { layer: "contract", mayImport: [], runs: "anywhere" },
  stream: { layer: "contract", mayImport: ["metainfo"], runs: "anywhere" },
  thrift: { layer: "wire", mayImport: ["stream"], runs: "anywhere" },
  h2: { layer: "wire", mayImport: [], runs: "anywhere" },
  ttheader: { layer: "wire", mayImport: ["stream", "thrift"], runs: "anywhere" },
  "transport-memory": { layer: "part", mayImport: contract, runs: "anywhere" },
  "transport-ttheader": { layer: "part", mayImport: [...contract, ...wire], runs: "node" },
  "transport-http2": { layer: "part", mayImport: [...contract, ...wire], runs: "node" },
  "transport-websocket": { layer: "part", mayImport: [...contract, ...wire], runs: "anywhere" },
  loadbalance: { layer: "part", mayImport: contract, runs: "node" },
  "discovery-etcd": { layer: "part", mayImport: contract, runs: "node" },
  middleware: { layer: "part", mayImport: contract, runs: "anywhere" },
  tracing: { layer: "part", mayImport: contract, runs: "anywhere" },
  rpc: { layer: "facade", mayImport: contract, runs: "anywhere" },
  "thrift-idl": { layer: "tool", mayImport: [], runs: "anywhere" },
  thriftgen: { layer: "tool", mayImport: ["thrift-idl"], runs: "node" },
  conformance: { layer: "private", mayImport: "any", runs: "node" },
  interop: { layer: "private", mayImport: "any", runs: "node" },
  bench: { layer: "private", mayImport: "any", runs: "node" },
  checks: { layer: "private", mayImport: [], runs: "node" },
};

/** What the tests of any package may import besides: other packages' tests doubles, suites and public faces. */
export const importableInTests: readonly string[] = [
  ...contract,
  ...wire,
  "rpc",
  "thrift-idl",
  "thriftgen",
  "transport-memory",
  "conformance",
];

/**
 * The Node half of a package that runs anywhere, as a pattern of paths under `src/`: `node.ts`, `server.ts`,
 * `anything.node.ts`, `anything-node.ts`, and all that is in the folders `node/` and `server/`.
 */
export const nodeFile = String.raw`(?:^|/)(?:(?:node|server)\.ts|(?:node|server)/.+|[^/]+[.-]node\.ts)$`;

/** Subpaths of packages that run anywhere which are for Node only. */
export const nodeSubpaths: readonly string[] = ["./node", "./server"];
