import { cases } from "../cases.ts";
import { type Measurement, median, perCpuSecond, type Results, rate, ratios } from "../results.ts";
import type { Figure } from "../targets.ts";
import { growthTables } from "./growth-tables.ts";
import { short, spread, table } from "./table.ts";
import { targetTables } from "./target-tables.ts";

const ceiling = "ceiling";

/** The whole report as Markdown. */
export function report(results: Results): string {
  const sections = [
    ["# Benchmark results"],
    picture(results),
    ratioTable(results, results.baseline, "rate"),
    ratioTable(results, results.baseline, "cpu"),
    targetTables(results),
    ratioTable(results, ceiling, "rate"),
    ratioTable(results, ceiling, "cpu"),
    growthTables(results),
    idleTable(results),
    codecTable(results),
    figures(results),
    about(results),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function picture(results: Results): string[] {
  if (results.measurements.length === 0) return [];
  return [`![Operations per second, as ratios to ${results.baseline}](ratios.svg)`];
}

/** Each contender's figure over that of another, case by case. */
function ratioTable(results: Results, to: string, figure: Figure): string[] {
  const { contenders, baseline, rounds, measurements, cases: names } = results;
  if (!measurements.some(({ contender }) => contender === to)) return [];
  const others = contenders.map(({ name }) => name).filter((name) => name !== to && name !== baseline);
  const what = figure === "rate" ? "per second" : "per CPU second of both sides";
  return [
    `## ${to === ceiling ? "Shares of the ceiling" : `Ratios to ${to}`}, ${what}`,
    "",
    `Operations ${what}, over those of ${to === ceiling ? "the hand-written loop" : to} in the same round: median (lowest to highest of ${rounds} rounds).`,
    "",
    ...table(
      ["case", ...others],
      names.map((name) => [
        cases[name]?.title ?? name,
        ...others.map((contender) =>
          spread(
            ratios(
              results,
              { contender, case: name },
              { contender: to, case: name },
              figure === "rate" ? rate : perCpuSecond,
            ),
          ),
        ),
      ]),
    ),
  ];
}

function idleTable(results: Results): string[] {
  if (results.idle.length === 0) return [];
  const kib = (bytes: number): string => (bytes / 1024).toFixed(1);
  return [
    "## An open, idle stream",
    "",
    "Growth of resident memory from 10,000 to 20,000 of them, for each.",
    "",
    ...table(
      ["contender", "client, KiB", "server, KiB"],
      results.idle.map(({ contender, client, server }) => [contender, kib(client), kib(server)]),
    ),
  ];
}

function codecTable({ codecs }: Results): string[] {
  if (codecs.length === 0) return [];
  const of = (codec: string, struct: "large" | "small") =>
    codecs.find((one) => one.codec === codec && one.struct === struct);
  const cells = (codec: string, struct: "large" | "small", what: "encodeNs" | "decodeNs"): string => {
    const [own, npm] = [of(codec, struct)?.[what], of("npm thrift", struct)?.[what]];
    if (own === undefined) return "–";
    return npm === undefined || codec === "npm thrift" ? short(own) : `${short(own)} (${short(npm / own)}×)`;
  };
  return [
    "## Thrift codecs",
    "",
    "Nanoseconds a message, and how many times as fast as npm thrift. *By hand* is straight-line code for that one struct; *views* leave binary fields in the message's bytes, as npm thrift does.",
    "",
    ...table(
      ["codec", "700 B, 21 fields: encode", "decode", "80 B, 5 fields: encode", "decode"],
      [...new Set(codecs.map(({ codec }) => codec))].map((codec) => [
        codec,
        cells(codec, "large", "encodeNs"),
        cells(codec, "large", "decodeNs"),
        cells(codec, "small", "encodeNs"),
        cells(codec, "small", "decodeNs"),
      ]),
    ),
  ];
}

function figures(results: Results): string[] {
  if (results.measurements.length === 0) return [];
  const rows = results.cases.flatMap((name) =>
    results.contenders.flatMap(({ name: contender }) => {
      const own = results.measurements.filter((one) => one.case === name && one.contender === contender);
      if (own.length === 0) return [];
      const of = (figure: (one: Measurement) => number): number => median(own.map(figure));
      const latency =
        own[0]?.p50us === undefined
          ? ["", ""]
          : [of((one) => one.p50us ?? 0), of((one) => one.p99us ?? 0)].map(short);
      const cpu = of((one) => 1e6 / perCpuSecond(one));
      return [[cases[name]?.title ?? name, contender, short(of(rate)), cpu.toFixed(2), ...latency]];
    }),
  );
  const head = ["case", "contender", "per second", "CPU s per million, both sides", "p50 µs", "p99 µs"];
  return ["## Figures", "", ...table(head, rows)];
}

function about(results: Results): string[] {
  const versions = new Map(results.contenders.flatMap(({ versions: own }) => Object.entries(own)));
  const foreign = results.measurements.map(({ foreignCpus }) => foreignCpus);
  const busy =
    foreign.length === 0
      ? []
      : [
          `Others kept ${median(foreign).toFixed(2)} CPUs busy (median; at most ${Math.max(...foreign).toFixed(2)}).`,
        ];
  return [
    "## About this run",
    "",
    `\`${results.command}\`, ${results.date}, Node ${results.node}, ${results.cores} cores of ${results.cpu}${[...versions].map(([name, version]) => `, ${name} ${version}`).join("")}.`,
    `Rounds: ${results.rounds}, of ${results.seconds} s a cell; client and server in processes of their own on loopback, turns interleaved.`,
    ...busy,
    ...results.notes,
    "",
    ...results.contenders.map(({ name, note }) => `- **${name}**: ${note}`),
    ...results.absent.map(({ name, absent }) => `- **${name}** did not run: ${absent}`),
    ...(results.failures.length > 0
      ? ["", "Failures:", "", ...results.failures.map((failure) => `- ${failure.split("\n")[0]}`)]
      : []),
  ];
}
