import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { pinnedCase } from "./cases.ts";
import { readOptions } from "./options.ts";
import { ratioChart } from "./report/chart.ts";
import { report } from "./report/report.ts";
import { type Results, toJson } from "./results.ts";
import { measureCodecs } from "./sections/codec.ts";
import { measureGrowth } from "./sections/growth.ts";
import { measureIdle } from "./sections/idle.ts";
import { Lab } from "./sections/lab.ts";
import { waitForQuiet } from "./sections/quiet.ts";
import { measurePinned, measureRounds, type Plan } from "./sections/rounds.ts";

const options = readOptions();
const { sections, isQuick, rounds, seconds } = options;
const lab = await Lab.open(options);
if (options.waits) await waitForQuiet(isQuick ? 5 : 60);

const plan: Plan = {
  cases: options.cases,
  rounds,
  seconds,
  // A quick run has no time for more than one generation of processes.
  roundsOfAProcess: isQuick ? rounds : 2,
  burnInSeconds: Math.min(seconds * 3, isQuick ? 0.5 : 1.2),
  cpu: options.cpu,
};
const measurements = sections.has("ratios") ? await measureRounds(lab, plan) : [];
if (sections.has("pinned")) measurements.push(...(await measurePinned(lab, plan)));
const growth = sections.has("growth")
  ? await measureGrowth(lab, { seconds: seconds * 0.75, burnInSeconds: plan.burnInSeconds })
  : [];
const idle = sections.has("idle") ? await measureIdle(lab) : [];
const codecs = sections.has("codec") ? await measureCodecs(lab, 5, options.fromSources) : [];

const measured = new Set(measurements.map((one) => one.case));
const results: Results = {
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
  measurements,
  idle,
  growth,
  codecs,
  notes: lab.notes,
  failures: lab.failures,
};
const text = report(results);
write(options.outFolder);
if (options.publishes) write(fileURLToPath(new URL("../../../docs/benchmarks", import.meta.url)));
console.log(text);
process.exitCode = lab.failures.length > 0 ? 1 : 0;

function write(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/results.json`, toJson(results));
  writeFileSync(`${folder}/results.md`, text);
  if (measurements.length > 0) writeFileSync(`${folder}/ratios.svg`, ratioChart(results));
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
