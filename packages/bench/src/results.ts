import type { AbsentContender, RunResult, SideBytes } from "./contender.ts";
import type { GrowthAxis } from "./growth.ts";

/** Everything that a run found out; `results.json` is this. */
export interface Results {
  readonly date: string;
  readonly command: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly rounds: number;
  /** How long a cell was measured in each round. */
  readonly seconds: number;
  readonly baseline: string;
  readonly contenders: readonly { name: string; note: string; versions: Readonly<Record<string, string>> }[];
  /** Contenders that were asked for and cannot run here. */
  readonly absent: readonly AbsentContender[];
  readonly cases: readonly string[];
  readonly measurements: readonly Measurement[];
  readonly idle: readonly IdleStream[];
  readonly growth: readonly GrowthPoint[];
  readonly codecs: readonly CodecFigure[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  readonly failures: readonly string[];
}

export interface Measurement extends RunResult {
  readonly round: number;
  readonly contender: string;
  readonly case: string;
  /** How long a fixed loop took just before, in milliseconds. */
  readonly pilotMs: number;
  /** CPUs that other processes kept busy meanwhile. */
  readonly foreignCpus: number;
}

/** Bytes of memory that an open, idle stream takes. */
export interface IdleStream extends SideBytes {
  readonly contender: string;
}

/** CPU microseconds of both sides for an operation, measured several times. */
export interface GrowthPoint {
  readonly contender: string;
  /** What there is ever more of; or a case, for what is installed around each call. */
  readonly axis: GrowthAxis | "around";
  readonly case?: string;
  readonly count: number;
  readonly cpuMicros: readonly number[];
}

/** Nanoseconds for a message. */
export interface CodecFigure {
  readonly codec: string;
  readonly struct: "large" | "small";
  readonly encodeNs: number;
  readonly decodeNs: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

export function rate(one: RunResult): number {
  return one.operations / one.seconds;
}

/** Operations for a CPU second of both sides together. */
export function perCpuSecond(one: RunResult): number {
  return one.operations / (one.clientCpuSeconds + one.serverCpuSeconds);
}

/** A contender in a case. */
export interface Cell {
  readonly contender: string;
  readonly case: string;
}

/** A cell's figure over another's in the same round, for each round that has both. */
export function ratios(
  { measurements }: Pick<Results, "measurements">,
  cell: Cell,
  base: Cell,
  figure: (one: Measurement) => number = rate,
): number[] {
  const byRound = (wanted: Cell): Map<number, number> =>
    new Map(
      measurements
        .filter((one) => one.case === wanted.case && one.contender === wanted.contender)
        .map((one) => [one.round, figure(one)]),
    );
  const divisors = byRound(base);
  return [...byRound(cell)].flatMap(([round, value]) => {
    const divisor = divisors.get(round);
    return divisor === undefined ? [] : [value / divisor];
  });
}

/** The results as JSON, a measurement a line. */
export function toJson(results: Results): string {
  const lines = Object.entries(results).map(([key, value]: [string, unknown]) => {
    const text = Array.isArray(value)
      ? `[${value.map((one) => `\n  ${JSON.stringify(one)}`).join(",")}\n ]`
      : JSON.stringify(value);
    return ` ${JSON.stringify(key)}: ${text}`;
  });
  return `{\n${lines.join(",\n")}\n}\n`;
}
