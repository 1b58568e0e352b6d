import { cases } from "../cases.ts";
import { decorated } from "../contenders/index.ts";
import { type GrowthAxis, growths } from "../growth.ts";
import { type GrowthPoint, median, type Results } from "../results.ts";
import { short, table } from "./table.ts";

/** What an operation costs with ever more of something, and how many times what it costs with the least. */
export function growthTables({ growth }: Results): string[] {
  if (growth.length === 0) return [];
  return [
    "## How costs grow",
    "",
    "CPU microseconds of both sides for an operation, and how many times that of the first column.",
    ...(Object.keys(growths) as GrowthAxis[]).flatMap((axis) => axisTable(growth, axis)),
    ...aroundTable(growth),
  ];
}

function axisTable(growth: readonly GrowthPoint[], axis: GrowthAxis): string[] {
  const own = growth.filter((point) => point.axis === axis);
  if (own.length === 0) return [];
  const { title, operation, counts } = growths[axis];
  const rows = [...new Set(own.map(({ contender }) => contender))].map((contender) => {
    const cost = (count: number): number | undefined =>
      micros(own.find((point) => point.contender === contender && point.count === count));
    const first = cost(counts[0] ?? 0);
    return [contender, ...counts.map((count) => withFactor(cost(count), first))];
  });
  return [
    "",
    `### ${title}`,
    "",
    `An operation: ${operation}.`,
    "",
    ...table(["contender", ...counts.map((count) => count.toLocaleString("en"))], rows),
  ];
}

function aroundTable(growth: readonly GrowthPoint[]): string[] {
  const own = growth.filter((point) => point.axis === "around");
  if (own.length === 0) return [];
  const names = ["ttheader", ...Object.keys(decorated)];
  const rows = [...new Set(own.map((point) => point.case ?? ""))].map((name) => {
    const cost = (contender: string): number | undefined =>
      micros(own.find((point) => point.contender === contender && point.case === name));
    return [
      cases[name]?.title ?? name,
      ...names.map((contender) => withFactor(cost(contender), cost("ttheader"))),
    ];
  });
  return [
    "",
    "### What is installed around calls",
    "",
    "The same on both sides: a middleware of all parts (`call`, `send`, `recv`) that only passes on, and a tracer that hears of every message.",
    "",
    ...table(["case", ...names], rows),
  ];
}

function micros(point: GrowthPoint | undefined): number | undefined {
  return point && median(point.cpuMicros);
}

function withFactor(cost: number | undefined, first: number | undefined): string {
  if (cost === undefined) return "–";
  return first === undefined || first === cost ? short(cost) : `${short(cost)} (${short(cost / first)}×)`;
}
