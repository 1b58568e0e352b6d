import { spawnSync } from "node:child_process";
import { pinnedCase } from "../cases.ts";
import type { Pair } from "../contender.ts";
import type { Measurement } from "../results.ts";
import type { Lab } from "./lab.ts";
import { busyCpus, pilotMs } from "./quiet.ts";

export interface Plan {
  readonly cases: readonly string[];
  readonly rounds: number;
  /** How long a cell is measured in each round. */
  readonly seconds: number;
  /** After how many rounds all processes are started afresh: what the compiler happens to do must not decide. */
  readonly roundsOfAProcess: number;
  /**
   * How long each case runs in a new process before anything is measured: the more code a contender has, the longer it takes
   * the compiler to bring it to its steady speed.
   */
  readonly burnInSeconds: number;
  /** CPU that all processes are pinned to. */
  readonly cpu?: string | undefined;
}

/** All contenders alive at once, taking turns case by case in an order that rotates. */
export async function measureRounds(lab: Lab, plan: Plan): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const started = performance.now();
  let pairs: Pair[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(pairs.map((pair) => pair[Symbol.asyncDispose]()));
    pairs = [];
  };
  try {
    for (let round = 0; round < plan.rounds; round++) {
      if (round % plan.roundsOfAProcess === 0) {
        await stop();
        pairs = await startAll(lab, plan);
      }
      for (const [index, name] of plan.cases.entries()) {
        for (let turn = 0; turn < pairs.length; turn++) {
          // The order rotates, so that a slow minute of the machine hits all alike.
          const pair = pairs[(turn + round + index) % pairs.length];
          if (!pair?.can(name)) continue;
          const measured = await lab.attempt(`round ${round + 1} ${pair.name} ${name}`, () =>
            measure(pair, name, plan.seconds),
          );
          if (measured) measurements.push({ ...measured, round });
        }
      }
      const seconds = Math.round((performance.now() - started) / 1_000);
      console.error(`round ${round + 1} of ${plan.rounds} done after ${seconds} s`);
    }
  } finally {
    await stop();
  }
  return measurements;
}

/** Ping-pong with one call in flight depends on which core the scheduler wakes: the same on one core. */
export async function measurePinned(lab: Lab, plan: Plan): Promise<Measurement[]> {
  if (spawnSync("taskset", ["--version"]).status !== 0) {
    lab.notes.push("Ping-pong on one core is left out: `taskset` (util-linux) is not there.");
    return [];
  }
  return measureRounds(lab, { ...plan, cases: [pinnedCase], cpu: "0", roundsOfAProcess: plan.rounds });
}

async function startAll(lab: Lab, plan: Plan): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const contender of lab.contenders) {
    const pair = await lab.attempt(`start of ${contender.name}`, () => lab.start(contender, plan.cpu));
    if (pair) pairs.push(pair);
  }
  for (const pair of pairs) {
    for (const name of plan.cases) {
      if (!pair.can(name)) continue;
      await lab.attempt(`${pair.name} ${name}`, () => pair.run(name, plan.burnInSeconds));
    }
  }
  return pairs;
}

async function measure(pair: Pair, name: string, seconds: number): Promise<Omit<Measurement, "round">> {
  await pair.run(name, seconds / 2);
  const spin = pilotMs();
  const others = busyCpus();
  const result = await pair.run(name, seconds);
  const foreignCpus = others(result.clientCpuSeconds + result.serverCpuSeconds);
  return { ...result, contender: pair.name, case: name, pilotMs: spin, foreignCpus };
}
