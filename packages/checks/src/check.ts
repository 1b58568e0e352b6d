// Everything that CI checks:
//
//   pnpm check                 all steps
//   pnpm check lint format     only these
//   pnpm check --static        all but the tests
//   pnpm check --json FILE     and write the outcome there
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { installAlone } from "./alone.ts";
import { checkBehaviours } from "./behaviours.ts";
import { boundaryViolations } from "./boundaries.ts";
import { manifestProblems } from "./manifests.ts";
import { publishedProblems } from "./published.ts";
import { run } from "./run.ts";
import { hasSources, root, workspacePackages } from "./workspace.ts";

/** Returns what is worth telling; throws what went wrong. */
type Step = () => Promise<string>;

const steps: Readonly<Record<string, Step>> = {
  build: () => turbo("build"),
  typecheck: () => turbo("typecheck"),
  lint: () => command("pnpm", "--silent", "lint"),
  format: () => command("biome", "ci", "--colors=off"),
  boundaries: async () => noProblems(await boundaryViolations(root)),
  manifests: async () => noProblems(manifestProblems()),
  behaviours: async () => noProblems(checkBehaviours()),
  tests: () => command("vitest", "run"),
  published: async () => noProblems(await publishedProblems()),
  alone: async () => {
    const { problems, bundles } = await installAlone();
    noProblems(problems);
    return bundles.join("\n");
  },
};

await main();

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { static: { type: "boolean", default: false }, json: { type: "string" } },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(steps);
  const failed: string[] = [];
  const passed: string[] = [];
  for (const name of names) {
    const step = steps[name];
    if (step === undefined) throw new Error(`no step ${name}: expected ${Object.keys(steps).join(", ")}`);
    if (values.static && name === "tests") continue;
    const start = performance.now();
    const { ok, text } = await outcome(step);
    (ok ? passed : failed).push(name);
    console.log(`${ok ? "ok    " : "FAILED"} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    if (text !== "") console.log(text.replace(/^/gm, "       "));
  }
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ passed, failed }));
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

/** Runs a task in every package that has sources. */
function turbo(task: string): Promise<string> {
  const empty = workspacePackages().filter(({ path }) => !hasSources(path));
  const filters = empty.map(({ folder }) => `--filter=!./packages/${folder}`);
  return command("turbo", "run", task, "--continue", "--output-logs=errors-only", ...filters);
}

async function command(program: string, ...args: readonly string[]): Promise<string> {
  await run(program, args);
  return "";
}

function noProblems(problems: readonly string[]): string {
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return "";
}
