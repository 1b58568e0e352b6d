import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { kitexUnavailable } from "@slipstream/interop";
import { describe, expect, it } from "vitest";
import { cases } from "../cases.ts";
import type { Results } from "../results.ts";
import { kitexGrpc, kitexTtheader } from "./kitex.ts";

const unavailable = kitexUnavailable();

describe.skipIf(unavailable)(`Kitex as a contender${unavailable ? ` (skipped: ${unavailable})` : ""}`, () => {
  it.each([kitexTtheader, kitexGrpc])(
    "$name runs every case, and says what it took",
    async (contender) => {
      if (!("startPair" in contender)) throw new Error(contender.absent);
      await using pair = await contender.startPair({});
      for (const name of Object.keys(cases)) {
        expect(pair.can(name), name).toBe(true);
        const { operations, seconds, clientCpuSeconds, serverCpuSeconds } = await pair.run(name, 0.03);
        expect(operations, name).toBeGreaterThan(0);
        expect(seconds, name).toBeGreaterThan(0.02);
        expect(clientCpuSeconds, name).toBeGreaterThan(0);
        expect(serverCpuSeconds, name).toBeGreaterThan(0);
      }
    },
    600_000,
  );

  it("rejects a case that it does not know, and goes on", async () => {
    if (!("startPair" in kitexTtheader)) throw new Error(kitexTtheader.absent);
    await using pair = await kitexTtheader.startPair({});
    expect(pair.can("sstream.64B")).toBe(false);
    await expect(pair.run("sstream.64B", 0.01)).rejects.toThrow('no case "sstream.64B"');
    expect((await pair.run("unary.c1", 0.01)).operations).toBeGreaterThan(0);
  }, 600_000);
});

it("a run without Go goes on without Kitex, and says why", async () => {
  const out = mkdtempSync(join(tmpdir(), "bench-"));
  const loader = createRequire(import.meta.url).resolve("tsx");
  const options = "--quick --no-wait --sources --rounds 1 --seconds 0.02 --cases unary.c1";
  try {
    await promisify(execFile)(
      process.execPath,
      [
        "--import",
        loader,
        "--conditions=@slipstream/source",
        join(import.meta.dirname, "..", "main.ts"),
        ...options.split(" "),
        "--contenders",
        "grpc-js,kitex-ttheader",
        "--out",
        out,
      ],
      { env: { ...process.env, PATH: "" } },
    );
    const { absent, measurements } = JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as Results;
    expect(absent).toMatchObject([
      { name: "kitex-ttheader", absent: expect.stringContaining("Go is needed") },
    ]);
    expect(measurements).toMatchObject([{ contender: "grpc-js" }]);
    expect(readFileSync(join(out, "results.md"), "utf8")).toContain(
      "**kitex-ttheader** did not run: Go is needed",
    );
  } finally {
    rmSync(out, { recursive: true });
  }
}, 60_000);
