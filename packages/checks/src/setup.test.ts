import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

let clone: string;

/** A fresh clone, and an `npx` that only notes how it was called. */
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "setup-"));
  write(
    "package.json",
    JSON.stringify({ packageManager: "pnpm@10.0.0+sha512.00", engines: { node: ">=20.19" } }),
  );
  write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
  write("packages/seed/package.json", "{}");
  write(
    "bin/npx",
    '#!/bin/sh\necho "$@" >>"$CLONE/calls"\nmkdir -p "$CLONE/node_modules"\nexit "${NPX_CODE:-0}"\n',
    0o755,
  );
  mkdirSync(join(clone, "packages/checks/src"), { recursive: true });
  copyFileSync(
    fileURLToPath(new URL("setup.mjs", import.meta.url)),
    join(clone, "packages/checks/src/setup.mjs"),
  );
});

afterEach(() => {
  rmSync(clone, { recursive: true });
});

function write(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(clone, file)), { recursive: true });
  writeFileSync(join(clone, file), text, { mode });
}

function setup(job: string, npxCode = 0) {
  return spawnSync(process.execPath, [join(clone, "packages/checks/src/setup.mjs"), job], {
    encoding: "utf8",
    env: {
      CLONE: clone,
      PATH: `${join(clone, "bin")}${delimiter}${process.env["PATH"]}`,
      NPX_CODE: String(npxCode),
    },
  });
}

function calls(): readonly string[] {
  if (!existsSync(join(clone, "calls"))) return [];
  return readFileSync(join(clone, "calls"), "utf8").trim().split("\n");
}

it("installs from the lockfile with the pinned pnpm", () => {
  expect(setup("install").status).toBe(0);
  expect(calls()).toEqual([`--yes pnpm@10.0.0 --dir=${clone}/ install --frozen-lockfile`]);
});

it("does not install a second time", () => {
  setup("install");
  setup("install");
  expect(calls()).toHaveLength(1);
});

for (const file of ["pnpm-lock.yaml", "packages/seed/package.json"]) {
  it(`installs again after ${file} changed`, () => {
    setup("install");
    write(file, '{ "name": "changed" }');
    setup("install");
    expect(calls()).toHaveLength(2);
  });
}

it("installs again after it failed", () => {
  expect(setup("install", 1)).toMatchObject({
    status: 1,
    stderr: "installing the dependencies with pnpm@10.0.0 failed (exit code 1)\n",
  });
  expect(setup("install").status).toBe(0);
  expect(calls()).toHaveLength(2);
});

it("says which Node it needs", () => {
  write("package.json", JSON.stringify({ packageManager: "pnpm@10.0.0", engines: { node: ">=999.1" } }));
  const { status, stderr } = setup("install");
  expect(status).toBe(1);
  expect(stderr).toBe(`Node >=999.1 is needed, this is ${process.versions.node}\n`);
  expect(calls()).toEqual([]);
});

it("names its jobs when asked for another", () => {
  expect(setup("dance")).toMatchObject({
    status: 1,
    stderr: 'no job "dance": expected one of install, test, demo\n',
  });
});
