import type { Back, Run } from "./seen.ts";
import { type Column, table } from "./table.ts";

interface Row {
  readonly hop: string;
  readonly carriedBy?: string;
  readonly user: string | undefined;
  readonly ticket: string | undefined;
  readonly timeLeftMs: number | undefined;
  readonly back: Back;
}

const columns: readonly Column<Row>[] = [
  { head: "hop", cell: ({ hop }) => hop },
  { head: "reached over", cell: ({ carriedBy }) => carriedBy },
  { head: "persistent user", cell: ({ user }) => user },
  { head: "transient ticket", cell: ({ ticket }) => ticket },
  {
    head: "time left",
    cell: ({ timeLeftMs }) => timeLeftMs && `${timeLeftMs.toFixed(1)} ms`,
    isNumber: true,
  },
  { head: "header: route", cell: ({ back }) => back.route },
  { head: "trailer: ended", cell: ({ back }) => back.ended, isNumber: true },
];

/** What every run must show, whatever carries the hops. */
const promises: readonly { readonly text: string; readonly isKept: (run: Run) => boolean }[] = [
  {
    text: "the persistent value is at every hop",
    isKept: ({ hops }) => hops.every(({ user }) => user === "ann"),
  },
  {
    text: "the transient value is at exactly one, the first",
    isKept: ({ hops }) => hops.map(({ ticket }) => ticket ?? "-").join() === ["T-42", "-", "-"].join(),
  },
  {
    text: "the deadline travels, and shrinks from hop to hop",
    isKept({ hops }) {
      const left = hops.map(({ timeLeftMs = Number.NaN }) => timeLeftMs);
      return left.every((ms, i) => ms > 0 && ms < (left[i - 1] ?? 1_001));
    },
  },
  {
    text: "header and trailer come back through all of them",
    isKept: ({ hops, back }) =>
      back.route === hops.map(({ hop }) => hop).join(" > ") && back.ended === `${hops.length}`,
  },
];

const intro = `client -> gateway -> orders -> stock
The client sets a persistent value, a transient value and a deadline. No service hands any of it on: it travels by itself.
Each service works for some milliseconds, adds its name to the header and one to the trailer.`;

/** A table for each method, and what they show. */
export function report(runs: readonly Run[]): { readonly text: string; readonly isAsPromised: boolean } {
  const kept = promises.map(({ text, isKept }) => ({ text, isKept: runs.every(isKept) }));
  const checks = kept.map(({ text, isKept }) => `${isKept ? "yes" : "NO "}  ${text}`);
  return {
    text: [intro, ...runs.map(section), checks.join("\n")].join("\n\n"),
    isAsPromised: kept.every(({ isKept }) => isKept),
  };
}

function section({ method, what, sent, answer, back, hops }: Run): string {
  const client: Row = { hop: "client", user: "ann", ticket: "T-42", timeLeftMs: 1_000, back };
  return [
    `${method}: ${what}`,
    `sent      ${sent.join(" | ")}`,
    `received  ${answer.join(" | ")}`,
    "",
    table(columns, [client, ...hops]),
  ].join("\n");
}
