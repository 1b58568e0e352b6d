import { median, perCpuSecond, type Results, rate, ratios } from "../results.ts";
import type { CodecTarget, IdleTarget, RatioTarget, Target } from "../targets.ts";

/** What was reached of a target: the median is held against it. */
export interface Verdict {
  /** In every round. */
  readonly reached: readonly number[];
  readonly isMet: boolean;
  readonly isAimMet: boolean;
}

/** `undefined` when the run did not measure what the target is about. */
export function verdictOn(results: Results, target: Target): Verdict | undefined {
  const reached = reachedOf(results, target);
  if (reached.length === 0) return undefined;
  const value = median(reached);
  if (target.kind === "idle")
    return {
      reached,
      isMet: value <= target.atMostKib,
      isAimMet: value <= (target.aim ?? target.atMostKib),
    };
  const isMet = value >= target.atLeast;
  const aim = target.kind === "ratio" ? target.aim : undefined;
  return { reached, isMet, isAimMet: aim === undefined ? isMet : value >= aim };
}

function reachedOf(results: Results, target: Target): readonly number[] {
  switch (target.kind) {
    case "ratio":
      return ratioOf(results, target);
    case "idle":
      return idleOf(results, target);
    case "codec":
      return codecOf(results, target);
  }
}

function ratioOf(results: Results, target: RatioTarget): number[] {
  return ratios(
    results,
    { contender: target.of, case: target.case },
    { contender: target.to, case: target.toCase ?? target.case },
    target.figure === "rate" ? rate : perCpuSecond,
  );
}

function idleOf(results: Results, target: IdleTarget): number[] {
  return results.idle
    .filter(({ contender }) => contender === target.of)
    .map(
      ({ client, server }) => (target.sides === "both" ? client + server : Math.max(client, server)) / 1024,
    );
}

function codecOf(results: Results, { struct, what, to }: CodecTarget): number[] {
  const nanoseconds = (codec: string): number | undefined => {
    const figure = results.codecs.find((one) => one.codec === codec && one.struct === struct);
    return what === "encode" ? figure?.encodeNs : figure?.decodeNs;
  };
  const [own, theirs] = [nanoseconds("ours"), nanoseconds(to)];
  return own === undefined || theirs === undefined ? [] : [theirs / own];
}
