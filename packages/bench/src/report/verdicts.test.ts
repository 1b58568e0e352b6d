import { expect, it } from "vitest";
import { type Measurement, type Results, ratios } from "../results.ts";
import type { Target } from "../targets.ts";
import { targetTables } from "./target-tables.ts";
import { verdictOn } from "./verdicts.ts";

function measured(contender: string, round: number, operations: number, cpuSeconds = 1): Measurement {
  return {
    contender,
    case: "unary.c64",
    round,
    operations,
    seconds: 1,
    clientCpuSeconds: cpuSeconds / 2,
    serverCpuSeconds: cpuSeconds / 2,
    pilotMs: 1,
    foreignCpus: 0,
  };
}

const results: Results = {
  date: "",
  command: "",
  node: "",
  cpu: "",
  cores: 2,
  rounds: 3,
  seconds: 1,
  baseline: "grpc-js",
  contenders: [],
  absent: [],
  cases: ["unary.c64"],
  measurements: [
    ...[100, 200, 300].map((operations, round) => measured("grpc-js", round, operations)),
    ...[3_000, 5_000, 9_300].map((operations, round) => measured("ttheader", round, operations, 2)),
    // A round that failed for the other.
    measured("ttheader", 3, 1),
  ],
  idle: [{ contender: "ttheader", client: 3 * 1024, server: 5 * 1024 }],
  growth: [],
  codecs: [
    { codec: "npm thrift", struct: "large", encodeNs: 1_000, decodeNs: 300 },
    { codec: "ours", struct: "large", encodeNs: 100, decodeNs: 200 },
  ],
  notes: [],
  failures: [],
};

const target: Target = {
  kind: "ratio",
  of: "ttheader",
  to: "grpc-js",
  case: "unary.c64",
  figure: "rate",
  atLeast: 25,
};

it("takes ratios within a round, and none where one of the two failed", () => {
  const cell = { contender: "ttheader", case: "unary.c64" };
  expect(ratios(results, cell, { ...cell, contender: "grpc-js" })).toEqual([30, 25, 31]);
});

it("holds the median of the rounds against the target", () => {
  expect(verdictOn(results, target)).toEqual({ reached: [30, 25, 31], isMet: true, isAimMet: true });
  expect(verdictOn(results, { ...target, atLeast: 31 })?.isMet).toBe(false);
});

it("tells a target that is met from its aim", () => {
  const verdict = verdictOn(results, { ...target, aim: 40 });
  expect(verdict).toMatchObject({ isMet: true, isAimMet: false });
});

it("takes the CPU of both sides where the target is about that", () => {
  expect(verdictOn(results, { ...target, figure: "cpu" })?.reached).toEqual([15, 12.5, 15.5]);
});

it("holds the memory of the side that takes more, or of both, against the limit", () => {
  const idle = { kind: "idle", of: "ttheader", sides: "each", aim: 4 } as const;
  expect(verdictOn(results, { ...idle, atMostKib: 6 })).toEqual({
    reached: [5],
    isMet: true,
    isAimMet: false,
  });
  expect(verdictOn(results, { ...idle, atMostKib: 4 })?.isMet).toBe(false);
  expect(verdictOn(results, { ...idle, sides: "both", atMostKib: 6 })).toMatchObject({
    reached: [8],
    isMet: false,
  });
});

it("says how many times as fast a codec is", () => {
  const codec = { kind: "codec", struct: "large", to: "npm thrift" } as const;
  expect(verdictOn(results, { ...codec, what: "encode", atLeast: 8.5 })).toMatchObject({
    reached: [10],
    isMet: true,
  });
  expect(verdictOn(results, { ...codec, what: "decode", atLeast: 1.8 })).toMatchObject({
    reached: [1.5],
    isMet: false,
  });
});

it("has no verdict on what was not measured, and leaves it out of the report", () => {
  expect(verdictOn(results, { ...target, to: "kitex-ttheader" })).toBeUndefined();
  const report = targetTables(results).join("\n");
  expect(report).toContain("| ping-pong, 64 in flight | 25.0 | **30.0** (25.0 to 31.0) | ✓ |");
  expect(report).not.toContain("Kitex");
});
