import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { parseArgs } from "node:util";
import { cases, quickCases } from "./cases.ts";
import { barChart } from "./chart.ts";
import type { AbsentContender, Contender, ForeignContender, Pair } from "./contender.ts";
import { contenders } from "./contenders/index.ts";
import { NodePair } from "./processes.ts";
import { busyCpus, pilotMs, waitForQuiet } from "./quiet.ts";
import { type Measurement, type Results, report } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    contenders: { type: "string" },
    cases: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    baseline: { type: "string", default: "grpc-js" },
    out: { type: "string", default: "results" },
    profile: { type: "string" },
    cpu: { type: "string" },
    idle: { type: "boolean", default: false },
    sources: { type: "boolean", default: false },
    "no-wait": { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});

function chosen(text: string | undefined, all: readonly string[], what: string): readonly string[] {
  const names = text?.split(",") ?? all;
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`no ${what} ${unknown.join(", ")}; there are ${all.join(", ")}`);
  return names;
}

const allContenders = Object.keys(contenders);
if (options.list) {
  console.log(`contenders: ${allContenders.join(" ")}\ncases: ${Object.keys(cases).join(" ")}`);
  process.exit(0);
}
const names = chosen(options.contenders, allContenders, "contender");
const caseNames =
  options.cases || !options.quick ? chosen(options.cases, Object.keys(cases), "case") : quickCases;
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 0.4 : 0.8));
const processOptions = { profileFolder: options.profile, fromSources: options.sources, cpu: options.cpu };

const present: (Contender | ForeignContender)[] = [];
const absent: AbsentContender[] = [];
for (const name of names) {
  const contender = await (contenders[name] as (typeof contenders)[string])();
  if ("absent" in contender) absent.push(contender);
  else present.push(contender);
}

function start(contender: Contender | ForeignContender): Promise<Pair> {
  return "startPair" in contender
    ? contender.startPair(processOptions)
    : NodePair.start(contender.name, processOptions);
}

if (!options["no-wait"]) await waitForQuiet(options.quick ? 5 : 60);

const measurements: Measurement[] = [];
const failures: string[] = [];
const started = performance.now();
let pairs: Pair[] = [];
try {
  for (let round = 0; round < rounds; round++) {
    // Fresh processes each round: what the compiler happens to do must not decide. A quick run has no time for that.
    if (pairs.length === 0) {
      for (const contender of present) pairs.push(await start(contender));
      for (const pair of pairs) await burnIn(pair);
    }
    for (const [index, name] of caseNames.entries()) {
      for (let turn = 0; turn < pairs.length; turn++) {
        // The order rotates, so that a slow minute of the machine hits all alike.
        const pair = pairs[(turn + round + index) % pairs.length];
        if (pair?.can(name)) await measure(pair, name, round);
      }
    }
    if (!options.quick || round === rounds - 1) {
      await Promise.all(pairs.map((pair) => pair[Symbol.asyncDispose]()));
      pairs = [];
    }
    console.error(
      `round ${round + 1} of ${rounds} done after ${Math.round((performance.now() - started) / 1_000)} s`,
    );
  }
} finally {
  await Promise.all(pairs.map((pair) => pair[Symbol.asyncDispose]()));
}
const idle = options.idle ? await measureIdle() : [];

/** The compiler's share: thousands of calls before the heavier contenders run at their steady speed. */
async function burnIn(pair: Pair): Promise<void> {
  const burnSeconds = options.quick ? 0.5 : 2;
  for (const name of caseNames) {
    if (pair.can(name)) {
      await pair
        .run(name, burnSeconds)
        .catch((error: unknown) => failures.push(`${pair.name} ${name}: ${String(error)}`));
    }
  }
}

async function measure(pair: Pair, name: string, round: number): Promise<void> {
  try {
    await pair.run(name, seconds / 2);
    const spin = pilotMs();
    const others = busyCpus();
    const result = await pair.run(name, seconds);
    const foreign = others(result.clientCpuSeconds + result.serverCpuSeconds);
    measurements.push({
      ...result,
      round,
      contender: pair.name,
      case: name,
      pilotMs: spin,
      foreignCpus: foreign,
    });
  } catch (error) {
    failures.push(
      `round ${round + 1} ${pair.name} ${name}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function measureIdle(): Promise<Results["idle"]> {
  const results: { contender: string; client: number; server: number }[] = [];
  for (const contender of present) {
    await using pair = await start(contender);
    const bytes = await pair.idleStreamBytes(10_000);
    if (bytes) results.push({ contender: contender.name, ...bytes });
  }
  return results;
}

function details(): Results["contenders"] {
  return present.map((contender) => ({
    name: contender.name,
    note: contender.note,
    versions: {
      ...Object.fromEntries(contender.packages.map((entry) => [entry, versionOf(entry)])),
      ...("versions" in contender ? contender.versions : {}),
    },
  }));
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

const results: Results = {
  date: new Date().toISOString(),
  command: `pnpm bench ${process.argv.slice(2).join(" ")}`.trim(),
  node: process.version,
  cpu: os.cpus()[0]?.model ?? "unknown",
  cores: os.cpus().length,
  rounds,
  seconds,
  baseline: options.baseline,
  contenders: details(),
  absent,
  cases: caseNames,
  measurements,
  idle,
  failures,
};
mkdirSync(options.out, { recursive: true });
const text = report(results);
writeFileSync(`${options.out}/results.json`, JSON.stringify(results, undefined, 1));
writeFileSync(`${options.out}/results.md`, text);
writeFileSync(`${options.out}/ratios.svg`, barChart(results));
console.log(text);
process.exitCode = failures.length > 0 ? 1 : 0;
