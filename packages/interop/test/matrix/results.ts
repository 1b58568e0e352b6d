import { type Feature, type Kind, kindsOf, type Way, ways } from "./cell.ts";

export type Result =
  | { readonly is: "pass" | "fail" }
  | { readonly is: "differs" | "absent"; readonly why: string };

/** The results of all cells, and their table. */
export class Results {
  readonly #results = new Map<string, Result>();
  readonly #columns: readonly string[];
  readonly #features: readonly Feature[];

  constructor(columns: readonly string[], features: readonly Feature[]) {
    this.#columns = columns;
    this.#features = features;
  }

  set(column: string, feature: string, way: Way, kind: Kind, result: Result): void {
    this.#results.set([column, feature, way.name, kind].join("/"), result);
  }

  /** Whether every cell has a result, and none failed. */
  get isComplete(): boolean {
    const kinds = ways.flatMap(({ protocol }) => kindsOf[protocol]);
    const cells = this.#features.length * kinds.length * this.#columns.length;
    return this.#results.size === cells && [...this.#results.values()].every(({ is }) => is !== "fail");
  }

  /** As Markdown: a row for each behaviour and way, notes below. */
  toMarkdown(): string {
    const notes: string[] = [];
    const note = (why: string): string => {
      if (!notes.includes(why)) notes.push(why);
      return `[${notes.indexOf(why) + 1}]`;
    };
    const rows = this.#features.flatMap((feature) =>
      ways.map((way, i) => {
        const cells = this.#columns.map((column) => this.#cell(column, feature.name, way, note));
        return `| ${[i === 0 ? `**${feature.name}**` : "", way.name, ...cells].join(" | ")} |`;
      }),
    );
    const head = ["behaviour", "protocol", ...this.#columns];
    return [
      `| ${head.join(" | ")} |`,
      `|${head.map(() => "---").join("|")}|`,
      ...rows,
      "",
      ...notes.map((why, i) => `${i + 1}. ${why}`),
    ].join("\n");
  }

  /** Kinds with the same result are told together. */
  #cell(column: string, feature: string, way: Way, note: (why: string) => string): string {
    const groups = new Map<string, Kind[]>();
    for (const kind of kindsOf[way.protocol]) {
      const result = this.#results.get([column, feature, way.name, kind].join("/"));
      if (result === undefined) continue;
      const mark =
        result.is === "pass"
          ? "pass"
          : "why" in result
            ? `${result.is === "absent" ? "–" : "pass"} ${note(result.why)}`
            : "FAIL";
      groups.set(mark, [...(groups.get(mark) ?? []), kind]);
    }
    if (groups.size === 1) return [...groups.keys()].join();
    return [...groups].map(([mark, kinds]) => `${kinds.join(", ")}: ${mark}`).join("; ");
  }
}
