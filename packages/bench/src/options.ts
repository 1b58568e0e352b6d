import { parseArgs } from "node:util";
import { caseNames, quickCases } from "./cases.ts";
import { contenders, quickContenders } from "./contenders/index.ts";

const sectionNames = ["ratios", "pinned", "idle", "growth", "codec"] as const;

/** A part of a run, with tables of its own in the report. */
export type Section = (typeof sectionNames)[number];

export interface BenchOptions {
  readonly isQuick: boolean;
  readonly sections: ReadonlySet<Section>;
  /** In the order of the report. */
  readonly contenders: readonly string[];
  /** Modules outside of this package, by the names of the contenders that they export. */
  readonly adapters: ReadonlyMap<string, string>;
  readonly cases: readonly string[];
  readonly rounds: number;
  /** How long a cell is measured in each round. */
  readonly seconds: number;
  /** The contender that all are compared with. */
  readonly baseline: string;
  readonly outFolder: string;
  /** Whether to write the report to `docs/benchmarks`, too. */
  readonly publishes: boolean;
  readonly profileFolder: string | undefined;
  readonly cpu: string | undefined;
  readonly fromSources: boolean;
  readonly waits: boolean;
}

/** What the command line says; prints and exits for `--help` and `--list`. */
export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      growth: { type: "boolean", default: false },
      sections: { type: "string" },
      contenders: { type: "string" },
      adapter: { type: "string", multiple: true, default: [] },
      cases: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      baseline: { type: "string", default: "grpc-js" },
      out: { type: "string", default: "results" },
      publish: { type: "boolean", default: false },
      profile: { type: "string" },
      cpu: { type: "string" },
      sources: { type: "boolean", default: false },
      "no-wait": { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  if (values.list) {
    console.log(`contenders: ${Object.keys(contenders).join(" ")}`);
    console.log(`cases: ${caseNames.join(" ")}\nsections: ${sectionNames.join(" ")}`);
    process.exit(0);
  }
  const adapters = new Map(values.adapter.map(adapter));
  const own = values.quick ? quickContenders : Object.keys(contenders);
  const isWhole = !values.quick && values.contenders === undefined && values.cases === undefined;
  const sections = values.growth ? "growth" : values.sections;
  return {
    isQuick: values.quick,
    sections: new Set(
      sections === undefined
        ? isWhole
          ? sectionNames
          : ["ratios"]
        : chosen(sections, sectionNames, "section"),
    ),
    contenders: values.contenders
      ? chosen(values.contenders, [...Object.keys(contenders), ...adapters.keys()], "contender")
      : [...own, ...adapters.keys()],
    adapters,
    cases: values.cases ? chosen(values.cases, caseNames, "case") : values.quick ? quickCases : caseNames,
    rounds: positive("rounds", values.rounds, values.quick ? 2 : 4),
    seconds: positive("seconds", values.seconds, 0.4),
    baseline: values.baseline,
    outFolder: values.out,
    publishes: values.publish,
    profileFolder: values.profile,
    cpu: values.cpu,
    fromSources: values.sources,
    waits: !values["no-wait"],
  };
}

function chosen<T extends string>(text: string, all: readonly T[], what: string): readonly T[] {
  const names = text.split(",");
  const unknown = names.filter((name) => !(all as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`no ${what} ${unknown.join(", ")}; there are ${all.join(", ")}`);
  return names as T[];
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0) return value;
  throw new Error(`--${name} is ${text}; expected a number above 0`);
}

function adapter(text: string): [name: string, path: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new Error(`--adapter ${text}; expected name=path`);
  return [text.slice(0, at), text.slice(at + 1)];
}
