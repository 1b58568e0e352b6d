import { cases } from "../cases.ts";
import type { Results } from "../results.ts";
import { type Target, type TargetGroup, targets } from "../targets.ts";
import { short, spread, table } from "./table.ts";
import { type Verdict, verdictOn } from "./verdicts.ts";

/** What was aimed at beside what this run reached; what it did not measure is left out. */
export function targetTables(results: Results): string[] {
  const groups = targets.flatMap((group) => {
    const judged = group.targets.flatMap((target) => {
      const verdict = verdictOn(results, target);
      return verdict ? [{ target, verdict }] : [];
    });
    return judged.length > 0 ? [{ group, judged }] : [];
  });
  if (groups.length === 0) return [];
  const all = groups.flatMap(({ judged }) => judged);
  const missed = all.filter(({ verdict }) => !verdict.isMet);
  return [
    "## Targets",
    "",
    `${all.length - missed.length} of ${all.length} reached${missed.length > 0 ? "; those that are not are marked ✗" : ""}. What was reached is the median (lowest to highest) of the rounds.`,
    ...groups.flatMap(({ group, judged }) => groupTable(group, judged)),
  ];
}

interface Judged {
  readonly target: Target;
  readonly verdict: Verdict;
}

function groupTable({ title }: TargetGroup, judged: readonly Judged[]): string[] {
  return [
    "",
    `### ${title}`,
    "",
    ...table(
      ["", "target", "reached", ""],
      judged.map(({ target, verdict }) => [
        titleOf(target),
        markOf(target),
        spread(verdict.reached),
        verdict.isAimMet ? "✓" : verdict.isMet ? "✓ (not the aim)" : "✗",
      ]),
    ),
  ];
}

function titleOf(target: Target): string {
  if (target.kind === "idle") return `${target.of}, ${target.sides === "both" ? "both sides" : "each side"}`;
  if (target.kind === "codec")
    return `${target.what} ${target.struct === "large" ? "700 B" : "80 B"}, to ${target.to}`;
  const title = cases[target.case]?.title ?? target.case;
  const to = target.toCase === undefined ? "" : ", to constant ones";
  return `${title}${to}${target.figure === "cpu" ? ", per CPU second" : ""}`;
}

function markOf(target: Target): string {
  const mark = short(target.kind === "idle" ? target.atMostKib : target.atLeast);
  const aim = target.kind === "codec" ? undefined : target.aim;
  return aim === undefined ? mark : `${mark}, aim ${short(aim)}`;
}
