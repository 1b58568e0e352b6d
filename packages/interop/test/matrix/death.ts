import { expect } from "vitest";
import type { Failure } from "../../src/index.ts";
import { absent, type Feature, feature, type Run } from "./cell.ts";

const calleeDies: Run = async (trial) => {
  await using callee = await trial.pair.startCallee();
  const waiting =
    trial.kind === "bidi"
      ? { script: [{ send: trial.message("waitctx") }, { recv: -1 }] }
      : { messages: [trial.message("sleep=10000")] };
  const call = trial.call("", { ...waiting, target: callee.target, connection: "own" });
  await callee.observe(trial.name);
  const killedAt = performance.now();
  await callee.kill();
  const { error, messages } = await call;
  expect(performance.now() - killedAt).toBeLessThan(1000);
  expect(messages).toEqual([]);
  const failure = error as Failure;
  expect(failure).not.toBeNull();
  if (!trial.kitexCalls) expect(failure.code).toBe("unavailable");
  else if (trial.protocol === "grpc") expect(failure.text).toContain("connection error");
  else if (trial.protocol === "ttheader-streaming") expect([12004, 12006]).toContain(failure.typeId);
  else expect(failure.text).toMatch(/closed|EOF|reset/);
};

const callerDies: Run = async (trial) => {
  await using caller = await trial.pair.startCaller();
  const call = caller.call(
    trial.describe("", { script: [{ send: trial.message("waitctx") }, { recv: -1 }] }),
  );
  call.catch(() => {}); // it dies with its process
  await trial.record();
  await caller.kill();
  const { contextError } = await trial.record("ended");
  const failure = contextError as Failure;
  expect(failure).toBeTruthy();
  if (!trial.kitexServes) expect(failure.code).toBe("cancelled");
  else if (trial.protocol === "grpc") expect(failure.status).toBe(1);
  else expect(failure.typeId).toBe(12013);
};

export const death: readonly Feature[] = [
  feature("kill -9 of the callee in the middle of a call", ({ kind }) =>
    kind === "bidi" || kind === "ping-pong"
      ? calleeDies
      : absent("Shown with ping-pong and bidirectional methods."),
  ),
  feature("kill -9 of the caller in the middle of a call", ({ protocol, kind }) => {
    if (kind === "bidi") return callerDies;
    if (protocol !== "grpc") return absent("A ping-pong handler of Kitex is not told of it.");
    return absent("Shown with bidirectional streams.");
  }),
];
