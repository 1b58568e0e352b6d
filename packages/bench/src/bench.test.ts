import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { contenders } from "./contenders/index.ts";
import type { Results } from "./results.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const loader = createRequire(import.meta.url).resolve("tsx");
let out: string;

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), "bench-"));
});

afterAll(() => rmSync(out, { recursive: true }));

async function run(...options: string[]): Promise<Results> {
  const common = ["--quick", "--no-wait", "--sources", "--rounds", "1", "--out", out];
  const conditions = "--conditions=@slipstream/source";
  await promisify(execFile)(process.execPath, ["--import", loader, conditions, main, ...common, ...options]);
  return JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as Results;
}

it("runs one quick round of every case over TTHeader, beside the baseline and the ceiling", async () => {
  const { measurements, cases, failures } = await run(
    ...["--seconds", "0.04", "--contenders", "grpc-js,ceiling,ttheader"],
  );
  expect(failures).toEqual([]);
  expect(measurements).toHaveLength(3 * cases.length);
  expect(measurements.every(({ operations }) => operations > 0)).toBe(true);
  const report = readFileSync(join(out, "results.md"), "utf8");
  expect(report).toContain("# Shares of the ceiling");
  expect(report).toContain("## TTHeader to grpc-js");
  expect(readFileSync(join(out, "ratios.svg"), "utf8")).toContain("</svg>");
}, 180_000);

it("starts every contender that needs no Go, and an adapter from outside, and gets an answer from each", async () => {
  const adapter = join(out, "adapter.mjs");
  writeFileSync(
    adapter,
    `export const contender = {
       name: "any", isTyped: false, note: "an echo inside the client", packages: [],
       startServer: async () => ({ port: 1 }),
       connect: async () => ({ unary: async (payload) => payload.length }),
     };`,
  );
  const names = Object.keys(contenders).filter((name) => !name.startsWith("kitex-"));
  const others = names.filter((name) => !["grpc-js", "ceiling", "ttheader"].includes(name));
  const { measurements, absent, failures } = await run(
    // Some have no ping-pong, some nothing else.
    ...["--seconds", "0.02", "--cases", "unary.c1,open.10pairs.c64", "--adapter", `mine=${adapter}`],
    ...["--contenders", [...others, "mine"].join(",")],
  );
  expect(failures).toEqual([]);
  const answered = measurements.filter(({ operations }) => operations > 0);
  const heardOf = new Set([...answered.map(({ contender }) => contender), ...absent.map(({ name }) => name)]);
  expect([...heardOf].sort()).toEqual([...others, "mine"].sort());
  // npm thrift needs the Apache compiler.
  expect(absent.every(({ name, absent: why }) => name === "thrift" && why.includes("thrift-compiler"))).toBe(
    true,
  );
}, 180_000);

it("says of an adapter that is not there that it did not run", async () => {
  const { absent } = await run(
    ...["--seconds", "0.01", "--cases", "unary.c1", "--adapter", "mine=/no/such/file.mjs"],
    ...["--contenders", "mine"],
  );
  expect(absent).toEqual([{ name: "mine", absent: "there is no /no/such/file.mjs" }]);
}, 180_000);
