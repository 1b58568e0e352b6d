import { expect } from "vitest";
import type { CallRecord, Failure, Step } from "../../src/index.ts";
import { absent, type Feature, feature, isBare, isStreaming, type Run, type Trial } from "./cell.ts";

const limitMs = 150;

/** What a script sends before the callee waits for the end. */
const begin = (trial: Trial, text: string): Step[] => [
  { send: trial.message(text) },
  ...(trial.kind === "server" ? [{ closeSend: true } as const] : []),
];

/** A bare error of Go's context. */
const grpcStatusOf = ({ text }: Failure): number => (text === "context deadline exceeded" ? 4 : 1);

function expectEnd(
  trial: Trial,
  record: CallRecord,
  code: "cancelled" | "deadline_exceeded",
  typeId: number,
  statuses: readonly number[],
): void {
  const end = record.contextError as Failure;
  expect(end).toBeTruthy();
  if (!trial.kitexServes) expect(end.code).toBe(code);
  else if (trial.protocol === "grpc") expect(statuses).toContain(end.status ?? grpcStatusOf(end));
  else expect(end.typeId ?? end.text).toBe(typeId);
}

const streamDeadline: Run = async (trial) => {
  const outcome = await trial.call("", {
    connection: "own",
    contextTimeoutMs: limitMs,
    script: [...begin(trial, "waitctx"), { recv: -1 }],
  });
  const error = outcome.error as Failure;
  if (!trial.kitexCalls) expect(error.code).toBe("deadline_exceeded");
  else if (trial.protocol === "grpc") expect(error.status).toBe(4);
  else expect(error.typeId).toBe(12015);
  // On HTTP/2 the caller's reset and the callee's own timer race.
  expectEnd(trial, await trial.record("ended"), "deadline_exceeded", 12015, [1, 4]);
};

const callDeadline: Run = async (trial) => {
  const outcome = await trial.call("sleep=400", { connection: "own", timeoutMs: limitMs });
  const error = outcome.error as Failure;
  if (!trial.kitexCalls) expect(error.code).toBe("deadline_exceeded");
  // Its own timeout, or the callee's answer at the deadline, when that was faster.
  else expect(["rpc timeout", 4, 12104]).toContain(error.category || (error.status ?? error.typeId));
  const { deadlineMs } = await trial.record();
  if (isBare(trial.protocol)) return;
  expect(deadlineMs).toBeGreaterThan(0);
  expect(deadlineMs).toBeLessThanOrEqual(limitMs);
};

const receiveTimeout: Run = async (trial) => {
  const outcome = await trial.call("", {
    connection: "own",
    recvTimeoutMs: limitMs,
    script: [...begin(trial, "waitctx"), { recv: -1 }],
  });
  const error = outcome.error as Failure;
  if (!trial.kitexCalls) expect(error.code).toBe("deadline_exceeded");
  else if (trial.protocol === "grpc") expect(error.text).toContain("timeout");
  else expect(error.typeId).toBe(12014);
  await trial.record("ended");
};

const receiveTimeoutAlone: Run = async (trial) => {
  const outcome = await trial.call("", {
    connection: "own",
    recvTimeoutMs: limitMs,
    recvTimeoutKeepsPeer: true,
    script: [
      { send: trial.message("sleep=400") },
      { recv: 1 },
      { sleepMs: 400 },
      { closeSend: true },
      { recv: -1 },
    ],
  });
  expect(outcome.error).not.toBeNull();
  expect(outcome.messages).toHaveLength(1);
  expect((await trial.record("halfClosed")).receiveError ?? null).toBeNull();
};

const cancel: Run = async (trial) => {
  const outcome = await trial.call("", {
    connection: "own",
    caller: "lab.client",
    script: [...begin(trial, "waitctx"), { sleepMs: 50 }, { cancel: true }, { recv: -1 }],
  });
  const error = outcome.error as Failure;
  if (!trial.kitexCalls) expect(error.code).toBe("cancelled");
  else if (trial.protocol === "grpc") expect(error.status).toBe(1);
  else expect(error.typeId).toBe(12007);
  const record = await trial.record("ended");
  expectEnd(trial, record, "cancelled", 12007, [1]);
  if (trial.protocol === "ttheader-streaming") {
    const path =
      record.contextError?.cancelPath ?? /canceled path: ([^\]]*)/.exec(record.contextError?.text ?? "")?.[1];
    expect(path).toBe("lab.client");
  }
};

const cancelCall: Run = async (trial) => {
  const outcome = await trial.call("waitctx", { connection: "own", cancelAfterMs: 100 });
  const error = outcome.error as Failure;
  if (!trial.kitexCalls) expect(error.code).toBe("cancelled");
  else expect(error.text).toContain("canceled");
  expectEnd(trial, await trial.record("ended"), "cancelled", 12007, [1]);
};

const earlyEnd: Run = async (trial) => {
  const outcome = await trial.call("", { script: [{ send: trial.message("t=t1:v1;early") }, { recv: -1 }] });
  expect(outcome).toMatchObject({ error: null, ended: true, messages: [] });
  expect(outcome.trailer).toMatchObject({ t1: "v1" });
};

const earlyAnswer: Run = async (trial) => {
  const outcome = await trial.call("", { script: [{ send: trial.message("early") }, { recv: 1 }] });
  expect(outcome).toMatchObject({ error: null, messages: [{ text: `echo:as=${trial.name};early` }] });
};

const halfClose: Run = async (trial) => {
  const outcome = await trial.call("", {
    script: [{ send: trial.message("sleep=50;n=3") }, { closeSend: true }, { recv: -1 }],
  });
  expect(outcome).toMatchObject({ error: null, ended: true });
  expect(outcome.messages.map(({ n }) => n)).toEqual([0, 1, 2]);
  expect((await trial.record("halfClosed")).receiveError ?? null).toBeNull();
};

const streamsOnly = absent("Only streams have it.");

export const lifecycle: readonly Feature[] = [
  feature("deadline of the caller [B33][B34][B35]", ({ kind }) => {
    if (kind === "oneway") return absent("A oneway call waits for nothing.");
    return isStreaming(kind) ? streamDeadline : callDeadline;
  }),
  feature("receive timeout", ({ kind }) => {
    if (!isStreaming(kind)) return streamsOnly;
    return kind === "client" ? absent("Shown with the kinds that receive messages.") : receiveTimeout;
  }),
  feature("receive timeout that leaves the stream alone", ({ protocol, kind }) => {
    if (!isStreaming(kind)) return streamsOnly;
    if (protocol === "grpc") return absent("Kitex ends the local side of an HTTP/2 stream in any case.");
    return kind === "bidi" ? receiveTimeoutAlone : absent("Shown with bidirectional streams.");
  }),
  feature("cancel by the caller", ({ protocol, kind }) => {
    if (isStreaming(kind)) return cancel;
    if (protocol !== "grpc") return absent("Ping-pong has no cancel on the wire.");
    return kind === "oneway" ? absent("A oneway call waits for nothing.") : cancelCall;
  }),
  feature("the callee ends early [B22]", ({ kind }) => {
    if (kind === "bidi") return earlyEnd;
    return kind === "client" ? earlyAnswer : absent("The caller's side is closed anyway.");
  }),
  feature("half-close [B23][B24]", ({ kind }) =>
    kind === "bidi" ? halfClose : absent("Shown with bidirectional streams."),
  ),
];
