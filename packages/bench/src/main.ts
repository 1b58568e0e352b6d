import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { pinnedCase } from "./cases.ts";
import { readOptions, type Section } from "./options.ts";
import { ratioChart } from "./report/chart.ts";
import { report } from "./report/report.ts";
import { type Results, toJson } from "./results.ts";
import { measureCodecs } from "./sections/codec.ts";
import { measureGrowth } from "./sections/growth.ts";
import { measureIdle } from "./sections/idle.ts";
import { Lab } from "./sections/lab.ts";
import { waitForQuiet } from "./sections/quiet.ts";
import { measurePinned, measureRounds, type Plan } from "./sections/rounds.ts";

type Found = Pick<Results, "measurements" | "growth" | "idle" | "codecs">;

const options = readOptions();
const { sections, isQuick, rounds, seconds } = options;
const lab = await Lab.open(options);
if (options.waits) await waitForQuiet(isQuick ? 5 : 60);

const plan: Plan = {
  cases: options.cases,
  rounds,
  seconds,
  // A quick run has no time for more than one generation of processes.
  roundsOfAProcess: isQuick ? rounds : 1,
  burnInSeconds: Math.min(seconds * 2, isQuick ? 0.5 : 1),
  cpu: options.cpu,
};
let found: Found = { measurements: [], growth: [], idle: [], codecs: [] };

await section("ratios", async () => ({ measurements: await measureRounds(lab, plan) }));
await section("pinned", async () => ({
  measurements: [...found.measurements, ...(await measurePinned(lab, plan))],
}));
await section("growth", async () => ({
  growth: await measureGrowth(lab, { seconds: seconds * 0.75, burnInSeconds: plan.burnInSeconds * 2 }),
}));
await section("idle", async () => ({ idle: await measureIdle(lab) }));
await section("codec", async () => ({ codecs: await measureCodecs(lab, 5, options.fromSources) }));

if (options.publishes) write(fileURLToPath(new URL("../../../docs/benchmarks", import.meta.url)));
console.log(report(results()));
process.exitCode = lab.failures.length > 0 ? 1 : 0;

/** Does a part of the run if it was asked for; what is known so far is written after each. */
async function section(name: Section, measure: () => Promise<Partial<Found>>): Promise<void> {
  if (!sections.has(name)) return;
  found = { ...found, ...(await measure()) };
  write(options.outFolder);
  console.error(`${name} done after ${Math.round(performance.now() / 1_000)} s`);
}

function results(): Results {
  const measured = new Set(found.measurements.map((one) => one.case));
  return {
    date: new Date().toISOString(),
    command: commandLine(),
    node: process.version,
    cpu: os.cpus()[0]?.model ?? "unknown",
    cores: os.cpus().length,
    rounds,
    seconds,
    baseline: options.baseline,
    contenders: lab.contenders.map((contender) => ({
      name: contender.name,
      note: contender.note,
      versions: {
        ...Object.fromEntries(contender.packages.map((name) => [name, versionOf(name)])),
        ...("versions" in contender ? contender.versions : {}),
      },
    })),
    absent: lab.absent,
    cases: [...options.cases, pinnedCase].filter((name) => measured.has(name)),
    ...found,
    notes: lab.notes,
    failures: lab.failures,
  };
}

function write(folder: string): void {
  const all = results();
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/results.json`, toJson(all));
  writeFileSync(`${folder}/results.md`, report(all));
  if (all.measurements.length > 0) writeFileSync(`${folder}/ratios.svg`, ratioChart(all));
}

/** As it was given, without the folders of this machine. */
function commandLine(): string {
  const given = process.argv.slice(2).map((argument) => argument.replace(/(?<=^|=)\/.*\//, "…/"));
  return ["pnpm --filter @slipstream/bench start", ...given].join(" ");
}

function versionOf(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version: string })
        .version;
    } catch {
      // The next folder up.
    }
  }
  return "unknown";
}
