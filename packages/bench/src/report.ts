import { cases } from "./cases.ts";
import type { AbsentContender, RunResult } from "./contender.ts";

export interface Measurement extends RunResult {
  readonly round: number;
  readonly contender: string;
  readonly case: string;
  /** How long a fixed loop took just before, in milliseconds. */
  readonly pilotMs: number;
  /** CPUs that other processes kept busy meanwhile. */
  readonly foreignCpus: number;
}

export interface Results {
  readonly date: string;
  readonly command: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly baseline: string;
  readonly contenders: readonly { name: string; note: string; versions: Readonly<Record<string, string>> }[];
  /** Contenders that were asked for and cannot run here. */
  readonly absent: readonly AbsentContender[];
  readonly cases: readonly string[];
  readonly measurements: readonly Measurement[];
  readonly idle: readonly { contender: string; client: number; server: number }[];
  readonly failures: readonly string[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

const rate = (one: Measurement): number => one.operations / one.seconds;
const cpuPerMillion = (one: Measurement): number =>
  ((one.clientCpuSeconds + one.serverCpuSeconds) / one.operations) * 1e6;

/** A contender's figure over another's in the same round, for each round that has both. */
export function ratios(
  results: Results,
  name: string,
  contender: string,
  to: string,
  figure: (one: Measurement) => number = rate,
): number[] {
  const of = (who: string): Map<number, number> =>
    new Map(
      results.measurements
        .filter((one) => one.case === name && one.contender === who)
        .map((one) => [one.round, figure(one)]),
    );
  const base = of(to);
  return [...of(contender)].flatMap(([round, value]) => {
    const divisor = base.get(round);
    return divisor === undefined ? [] : [value / divisor];
  });
}

export function report(results: Results): string {
  const names = results.contenders.map(({ name }) => name);
  const lines = [
    `# Ratios to ${results.baseline}`,
    "",
    `Operations per second over those of ${results.baseline} in the same round: median (lowest to highest of ${results.rounds} rounds).`,
    "",
    ...table(
      ["case", ...names],
      results.cases.map((name) => [
        cases[name]?.title ?? name,
        ...names.map((contender) => spread(ratios(results, name, contender, results.baseline))),
      ]),
    ),
  ];
  if (names.includes("ceiling")) {
    const others = names.filter((name) => name !== "ceiling" && name !== results.baseline);
    lines.push(
      "",
      "# Shares of the ceiling",
      "",
      "Operations per second over those of the hand-written loop in the same round.",
      "",
      ...table(
        ["case", ...others],
        results.cases.map((name) => [
          cases[name]?.title ?? name,
          ...others.map((contender) => spread(ratios(results, name, contender, "ceiling"))),
        ]),
      ),
    );
  }
  lines.push("", "# Figures", "", ...figures(results, names));
  if (results.idle.length > 0) {
    lines.push(
      "",
      "# An open, idle stream",
      "",
      ...table(
        ["contender", "client, KiB", "server, KiB"],
        results.idle.map(({ contender, client, server }) => [contender, kib(client), kib(server)]),
      ),
    );
  }
  lines.push("", "# About this run", "", ...about(results), "");
  return lines.join("\n");
}

function figures(results: Results, names: readonly string[]): string[] {
  const rows = results.cases.flatMap((name) =>
    names.flatMap((contender) => {
      const own = results.measurements.filter((one) => one.case === name && one.contender === contender);
      if (own.length === 0) return [];
      const of = (figure: (one: Measurement) => number): number => median(own.map(figure));
      const latency =
        own[0]?.p50us === undefined
          ? ["", ""]
          : [of((one) => one.p50us ?? 0), of((one) => one.p99us ?? 0)].map(short);
      return [
        [cases[name]?.title ?? name, contender, short(of(rate)), of(cpuPerMillion).toFixed(2), ...latency],
      ];
    }),
  );
  return table(
    ["case", "contender", "per second", "CPU s per million, both sides", "p50 µs", "p99 µs"],
    rows,
  );
}

function about(results: Results): string[] {
  const versions = results.contenders.flatMap(({ versions: own }) =>
    Object.entries(own).map(([name, version]) => `${name} ${version}`),
  );
  const foreign = results.measurements.map(({ foreignCpus }) => foreignCpus);
  return [
    `\`${results.command}\`, ${results.date}, Node ${results.node}, ${results.cores} cores of ${results.cpu}${versions.length > 0 ? `, ${versions.join(", ")}` : ""}.`,
    `${results.rounds} rounds of ${results.seconds} s a cell, client and server in processes of their own on loopback, turns interleaved.`,
    `Others kept ${median(foreign).toFixed(2)} CPUs busy (median; at most ${Math.max(0, ...foreign).toFixed(2)}).`,
    "",
    ...results.contenders.map(({ name, note }) => `- **${name}**: ${note}`),
    ...results.absent.map(({ name, absent }) => `- **${name}** did not run: ${absent}`),
    ...(results.failures.length > 0
      ? ["", "Failures:", ...results.failures.map((failure) => `- ${failure.split("\n")[0]}`)]
      : []),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)];
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return "–";
  return `**${short(median(values))}** (${short(Math.min(...values))} to ${short(Math.max(...values))})`;
}

function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e4) return `${Math.round(value / 1e3)}k`;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const kib = (bytes: number): string => (bytes / 1024).toFixed(1);
