// Everything that CI checks:
//
//   pnpm check                 all steps
//   pnpm check lint format     only these
//   pnpm check --static        all but the tests
//   pnpm check --json FILE     and write the outcome there
//   pnpm check --tests FILE    and hold the behaviours against this JSON report of vitest
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { installAlone } from "./alone.ts";
import { checkBehaviours } from "./behaviours.ts";
import { boundaryViolations } from "./boundaries.ts";
import { consumerProblems } from "./consumer.ts";
import { manifestProblems } from "./manifests.ts";
import { nodeGlobals } from "./node-globals.ts";
import { withTarballs } from "./pack.ts";
import { publishedProblems } from "./published.ts";
import { run } from "./run.ts";
import { snippetProblems } from "./snippets.ts";
import {
  examples,
  hasSources,
  publicPackages,
  root,
  type WorkspacePackage,
  workspacePackages,
} from "./workspace.ts";

/** Returns what is worth telling; throws what went wrong. */
type Step = () => Promise<string>;

const { values: options, positionals: chosen } = parseArgs({
  allowPositionals: true,
  options: {
    static: { type: "boolean", default: false },
    json: { type: "string" },
    tests: { type: "string" },
  },
});

const steps: Readonly<Record<string, Step>> = {
  build: () => turbo("build", pathsOf(publicPackages())),
  typecheck: () => turbo("typecheck", pathsOf([...workspacePackages(), ...examples()])),
  lint: () => command("pnpm", "--silent", "lint"),
  format: () => command("biome", "ci"),
  boundaries: async () =>
    noProblems([...(await boundaryViolations(root)), ...nodeGlobals(workspacePackages())]),
  unused: () => command("knip", "--no-config-hints"),
  manifests: async () =>
    noProblems(
      manifestProblems({ packages: workspacePackages(), examples: examples(), fixed: fixedGroups() }),
    ),
  behaviours: async () => noProblems(checkBehaviours(options.tests)),
  snippets: async () => noProblems(snippetProblems()),
  tests: () => command("vitest", "run"),
  published: async () => noProblems(await withTarballs(publishedProblems)),
  consumer: async () => noProblems(await withTarballs(consumerProblems)),
  alone: async () => {
    const { problems, bundles } = await withTarballs(installAlone);
    noProblems(problems);
    return bundles.join("\n");
  },
};

await main();

async function main(): Promise<void> {
  const names = chosen.length > 0 ? chosen : Object.keys(steps);
  const failed: string[] = [];
  const passed: string[] = [];
  for (const name of names) {
    const step = steps[name];
    if (step === undefined) throw new Error(`no step ${name}: expected ${Object.keys(steps).join(", ")}`);
    if (options.static && name === "tests") continue;
    const start = performance.now();
    const { ok, text } = await outcome(step);
    (ok ? passed : failed).push(name);
    console.log(`${ok ? "ok    " : "FAILED"} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    if (text !== "") console.log(text.replace(/^/gm, "       "));
  }
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify({ passed, failed }));
  if (failed.length > 0) {
    console.log(`failed: ${failed.join(", ")}`);
    process.exitCode = 1;
  }
}

async function outcome(step: Step): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    return { ok: true, text: await step() };
  } catch (error) {
    return { ok: false, text: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs a task in some packages, and in what they depend on as turbo.json says. */
function turbo(task: string, paths: readonly string[]): Promise<string> {
  const filters = paths.map((path) => `--filter=./${relative(root, path)}`);
  return command("turbo", "run", task, "--continue", "--output-logs=errors-only", ...filters);
}

function fixedGroups(): readonly (readonly string[])[] {
  const config = readFileSync(join(root, ".changeset", "config.json"), "utf8");
  return (JSON.parse(config) as { fixed: string[][] }).fixed;
}

function pathsOf(packages: readonly WorkspacePackage[]): readonly string[] {
  return packages.map(({ path }) => path).filter(hasSources);
}

async function command(program: string, ...args: readonly string[]): Promise<string> {
  await run(program, args);
  return "";
}

function noProblems(problems: readonly string[]): string {
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return "";
}
