import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const script = fileURLToPath(new URL("tally.mjs", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tally-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Reports {
  readonly tests?: object;
  readonly testsCode?: number;
  readonly check?: object;
  readonly checkCode?: number;
}

const passing = { status: "passed", assertionResults: [{ status: "passed" }, { status: "passed" }] };
const allPassed = { numPassedTests: 2, numFailedTests: 0, testResults: [passing] };
const checked = { passed: ["build", "lint"], failed: [] };

function tally({ tests = allPassed, testsCode = 0, check = checked, checkCode = 0 }: Reports) {
  writeFileSync(join(folder, "tests.json"), JSON.stringify(tests));
  writeFileSync(join(folder, "check.json"), JSON.stringify(check));
  return count("tests.json", testsCode, "check.json", checkCode);
}

function count(tests: string, testsCode: number, check: string, checkCode: number) {
  const args = [join(folder, tests), String(testsCode), join(folder, check), String(checkCode)];
  const { stdout, status } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  return { line: stdout, status };
}

it("adds up tests and steps", () => {
  expect(tally({})).toEqual({ line: "4 passed, 0 failed\n", status: 0 });
});

it("counts failed tests and steps", () => {
  const failing = { status: "failed", assertionResults: [{ status: "failed" }] };
  const tests = { numPassedTests: 2, numFailedTests: 1, testResults: [passing, failing] };
  const check = { passed: ["build"], failed: ["lint"] };
  expect(tally({ tests, testsCode: 1, check, checkCode: 1 })).toEqual({
    line: "3 passed, 2 failed\n",
    status: 1,
  });
});

it("counts a file of tests that could not be loaded as a failure", () => {
  const tests = { ...allPassed, testResults: [passing, { status: "failed", assertionResults: [] }] };
  expect(tally({ tests, testsCode: 1 })).toEqual({ line: "4 passed, 1 failed\n", status: 1 });
});

it("counts a bad exit code that no report explains as a failure", () => {
  expect(tally({ testsCode: 1 })).toEqual({ line: "4 passed, 1 failed\n", status: 1 });
});

it("counts a missing report as a failure", () => {
  writeFileSync(join(folder, "check.json"), JSON.stringify(checked));
  expect(count("absent.json", 1, "check.json", 0)).toEqual({ line: "2 passed, 1 failed\n", status: 1 });
});

it("does not call nothing a success", () => {
  const tests = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  expect(tally({ tests, check: { passed: [], failed: [] } })).toEqual({
    line: "0 passed, 1 failed\n",
    status: 1,
  });
});
