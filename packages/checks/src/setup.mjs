// Runs a job of this repository on a machine that has nothing but Node and npm:
//
//   node packages/checks/src/setup.mjs test [arguments of vitest]
//   node packages/checks/src/setup.mjs demo
//   node packages/checks/src/setup.mjs install
//
// It must run before anything is installed, so it is plain JavaScript without dependencies.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const stampFile = join(root, "node_modules", ".slipstream-setup");

/** What each job runs, once everything is installed. Packages are read from their sources: nothing is built. */
const jobs = {
  install: undefined,
  test: ["vitest", "run"],
  demo: ["tsx", "--conditions=@slipstream/source", "examples/demo/src/main.ts"],
};

main(process.argv[2] ?? "", process.argv.slice(3));

/**
 * @param {string} job
 * @param {string[]} args
 */
function main(job, args) {
  if (!Object.hasOwn(jobs, job)) {
    fail(`no job "${job}": expected one of ${Object.keys(jobs).join(", ")}`);
  }
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  requireNode(manifest.engines.node);

  const wanted = inputsHash();
  if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== wanted) {
    install(manifest.packageManager);
    writeFileSync(stampFile, wanted);
  }

  const command = jobs[/** @type {keyof typeof jobs} */ (job)];
  if (command !== undefined) process.exitCode = run([...command, ...args]);
}

/** Everything that decides what an installation looks like: the lockfile and every package.json. */
function inputsHash() {
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"];
  for (const folder of ["packages", "examples"]) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of readdirSync(join(root, folder)).sort()) files.push(join(folder, name, "package.json"));
  }
  const hash = createHash("sha256");
  for (const file of files) {
    if (existsSync(join(root, file)))
      hash
        .update(file)
        .update("\0")
        .update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

/** @param {string} packageManager such as `pnpm@10.34.9+sha512.…` */
function install(packageManager) {
  const pnpm = packageManager.split("+")[0] ?? packageManager;
  // From another folder, lest npx takes the pnpm in our node_modules, which cannot replace itself while it runs.
  // CI: without a terminal pnpm otherwise refuses to replace a node_modules that came from another store.
  const command = ["npx", "--yes", pnpm, `--dir=${root}`, "install", "--frozen-lockfile"];
  const code = run(command, { cwd: tmpdir(), env: { CI: "true" } });
  if (code !== 0) fail(`installing the dependencies with ${pnpm} failed (exit code ${code})`);
}

/**
 * @param {string[]} command
 * @param {{ cwd?: string, env?: Record<string, string> }} options
 */
function run(command, { cwd = root, env = {} } = {}) {
  const [program = "", ...args] = command;
  const path = `${join(root, "node_modules", ".bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  const result = spawnSync(program, args, {
    cwd,
    stdio: "inherit",
    env: { ...process.env, ...env, PATH: path },
    shell: process.platform === "win32",
  });
  if (result.error !== undefined) fail(`cannot run ${program}: ${result.error.message}`);
  return result.status ?? 1;
}

/** @param {string} range such as `>=20.19` */
function requireNode(range) {
  const [major = 0, minor = 0] = range.replace(">=", "").split(".").map(Number);
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split(".").map(Number);
  if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
    fail(`Node ${range} is needed, this is ${process.versions.node}`);
  }
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message);
  process.exit(1);
}
