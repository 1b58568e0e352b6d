import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { Results } from "./results.ts";

it("runs one quick round of every case over TTHeader, beside the baseline and the ceiling", async () => {
  const out = mkdtempSync(join(tmpdir(), "bench-"));
  const loader = createRequire(import.meta.url).resolve("tsx");
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const options =
    "--quick --no-wait --sources --rounds 1 --seconds 0.05 --contenders grpc-js,ceiling,ttheader";
  try {
    await promisify(execFile)(process.execPath, [
      "--import",
      loader,
      "--conditions=@slipstream/source",
      main,
      ...options.split(" "),
      "--out",
      out,
    ]);
    const { measurements, cases, failures } = JSON.parse(
      readFileSync(join(out, "results.json"), "utf8"),
    ) as Results;
    expect(failures).toEqual([]);
    expect(measurements).toHaveLength(3 * cases.length);
    expect(measurements.every(({ operations }) => operations > 0)).toBe(true);
    expect(readFileSync(join(out, "results.md"), "utf8")).toContain("# Shares of the ceiling");
    expect(readFileSync(join(out, "ratios.svg"), "utf8")).toContain("</svg>");
  } finally {
    rmSync(out, { recursive: true });
  }
}, 60_000);
