import { expect } from "vitest";
import { absent, bare, feature, isBare, isStreaming, type Run } from "./cell.ts";

const noBackward = absent("Streams have no backward values: header and trailer are their way back.");

const forward: Run = async (trial) => {
  const outcome = await trial.call("", { persistent: { KEEP: "p1" }, transient: { ONCE: "t1" } });
  expect(outcome.error).toBeNull();
  const { persistent, transient } = await trial.record();
  expect(persistent).toEqual({ KEEP: "p1" });
  expect(transient).toEqual({ ONCE: "t1" });
};

const odd = {
  "Mixed-Case": "v",
  lower_case: "v",
  "with space": "v",
  ü漢: "ü x 漢",
  UPSTREAM: "v",
  CONTROL: "a\tb",
};

const oddKeys: Run = async (trial) => {
  const outcome = await trial.call("", { persistent: odd, transient: odd });
  expect(outcome.error).toBeNull();
  const { persistent, transient } = await trial.record();
  expect(persistent).toEqual(odd);
  expect(transient).toEqual(odd);
};

/** On HTTP/2 names are header names: in lower case, with hyphens, and read back in upper case with underscores. */
const folding: Run = async (trial): Promise<string | undefined> => {
  const sent = { lower: "v", "Mixed-Case": "v", K_1: "v", FOO_BIN: "bytes", TEXT: "ü x 漢" };
  const outcome = await trial.call("", { persistent: sent, transient: sent });
  expect(outcome.error).toBeNull();
  const arrived = { LOWER: "v", MIXED_CASE: "v", K_1: "v", FOO_BIN: "bytes", TEXT: "ü x 漢" };
  const { persistent, transient } = await trial.record();
  const isBetweenOurs = !trial.kitexCalls && !trial.kitexServes;
  expect(persistent).toEqual(isBetweenOurs ? sent : arrived);
  expect(transient).toEqual(isBetweenOurs ? sent : arrived);
  if (isBetweenOurs) return undefined;
  return "On HTTP/2 metainfo travels as header names, so that a peer reads its keys in upper case with underscores.";
};

/** `RPC_TRANSIT_` and such a key read as the prefix of upstream values. */
const upstreamKey: Run = async (trial): Promise<string | undefined> => {
  const outcome = await trial.call("", { transient: { UPSTREAM_X: "v", OTHER: "o" } });
  expect(outcome.error).toBeNull();
  const { transient } = await trial.record();
  if (!trial.kitexCalls && !trial.kitexServes) {
    expect(transient).toEqual({ UPSTREAM_X: "v", OTHER: "o" });
    return undefined;
  }
  expect([{ OTHER: "o" }, { OTHER: "o", X: "v" }]).toContainEqual(transient);
  return "A transient key that begins with `UPSTREAM_` cannot be told from the prefix of upstream values: it arrives without that part, or not at all.";
};

const backward: Run = async (trial) => {
  const outcome = await trial.call("back=shard:s7");
  expect(outcome.error).toBeNull();
  expect(outcome.messages).toMatchObject([{ text: `${trial.echo("back=shard:s7")}|back:true` }]);
  expect(outcome.backward).toEqual({ shard: "s7" });
};

const grpcMetadata: Run = async (trial) => {
  const outcome = await trial.call("", {
    metadata: [
      ["trace", "a"],
      ["Trace", "b"],
      ["raw-bin", "\u0001bytes"],
    ],
  });
  expect(outcome.error).toBeNull();
  const { metadata } = await trial.record();
  expect(metadata).toMatchObject({ trace: ["a", "b"], "raw-bin": ["\u0001bytes"] });
};

const callerName: Run = async (trial) => {
  expect((await trial.call("", { caller: "lab.client" })).error).toBeNull();
  const { caller } = await trial.record();
  if (trial.protocol === "ttheader-streaming" && (trial.kitexCalls || trial.kitexServes)) {
    expect(caller).toBe("");
    return "Kitex names no caller on TTHeader streams.";
  }
  expect(caller).toBe("lab.client");
  return undefined;
};

export const metainfo = [
  feature("forward metainfo [A2][A3][D4][D12]", ({ protocol }) => (isBare(protocol) ? bare : forward)),
  feature("odd metainfo keys [B63][D1]", ({ protocol }) => {
    if (isBare(protocol)) return bare;
    return protocol === "grpc" ? folding : oddKeys;
  }),
  feature("metainfo key that begins with UPSTREAM_", ({ protocol }) => {
    if (isBare(protocol)) return bare;
    return protocol === "grpc" ? absent("HTTP/2 has no prefix for upstream values.") : upstreamKey;
  }),
  feature("metadata with several values and bytes [C4][C5][C7]", ({ protocol }) =>
    protocol === "grpc" ? grpcMetadata : absent("Only HTTP/2 has a place for it in Kitex."),
  ),
  feature("name of the caller", ({ protocol }) => (isBare(protocol) ? bare : callerName)),
  feature("backward metainfo [D26][D29]", ({ protocol, kind }) => {
    if (isStreaming(kind)) return noBackward;
    if (kind === "oneway") return absent("A oneway call has no reply.");
    if (protocol === "grpc") return absent("Kitex carries no backward values over HTTP/2.");
    return isBare(protocol) ? bare : backward;
  }),
];
