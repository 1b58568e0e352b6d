import { expect } from "vitest";
import type { Failure, Outcome, Protocol } from "../../src/index.ts";
import { absent, type Feature, feature, isBare, isStreaming, type Run, type Trial } from "./cell.ts";

const noReply = absent("A oneway call has no reply.");

/** Numbers that a Kitex program sees. */
interface Seen {
  /** In Kitex's own error: ping-pong, TTHeader streaming. */
  readonly typeId?: number;
  /** On HTTP/2. */
  readonly status?: number;
  /** What ours gives. */
  readonly code: string;
}

function expectError(trial: Trial, outcome: Outcome, text: string, seen: Seen): void {
  const error = outcome.error as Failure;
  expect(error).not.toBeNull();
  expect(error.text).toContain(text);
  if (!trial.kitexCalls) expect(error.code).toBe(seen.code);
  else if (trial.protocol === "grpc") expect(error.status).toBe(seen.status);
  else expect(error.typeId).toBe(seen.typeId);
}

const application = (protocol: Protocol, inner: number): number =>
  protocol === "ttheader-streaming" ? 12001 : inner;

const handlerError: Run = async (trial) => {
  const outcome = await trial.call("t=t1:v1;err=boom");
  expectError(trial, outcome, "boom", {
    typeId: application(trial.protocol, 6),
    status: 13,
    code: "internal",
  });
  if (isStreaming(trial.kind)) expect(outcome.trailer).toMatchObject({ t1: "v1" });
};

const handlerPanic: Run = async (trial) => {
  const outcome = await trial.call("panic=oh");
  expectError(trial, outcome, "oh", { typeId: application(trial.protocol, 6), status: 13, code: "internal" });
};

const biz = { code: 10001, message: "no <balance> ü", extra: { k: "v" } };

const bizStatus: Run = async (trial) => {
  const outcome = await trial.call("t=t1:v1;biz=10001:no <balance> ü");
  expect(outcome.error?.biz).toEqual(biz);
  if (isStreaming(trial.kind)) expect(outcome.trailer).toMatchObject({ t1: "v1" });
};

const lostBizStatus: Run = async (trial) => {
  const outcome = await trial.call("biz=10001:no");
  if (!trial.kitexServes) {
    expect(outcome.error?.text).toContain("biz status 10001: no");
    return "Framed and plain Thrift have no place for a business status; our server makes it an exception, so that it is not lost.";
  }
  expect(outcome).toMatchObject({ error: null, messages: [] });
  return "Framed and plain Thrift have no place for a business status: a Kitex server answers with a success without a result, which a client cannot tell from a handler that returned nil.";
};

const declared: Run = async (trial) => {
  const outcome = await trial.call("refuse=7:why");
  if (!isStreaming(trial.kind)) {
    expect(outcome.error?.refused).toEqual({ code: 7, why: "why" });
    return;
  }
  expectError(trial, outcome, "why", {
    typeId: application(trial.protocol, 6),
    status: 13,
    code: "internal",
  });
  return "Kitex has no place for a declared exception on a stream: it arrives as an internal error with its text.";
};

const patienceMs = 300;

const unknownMethod: Run = async (trial) => {
  const streaming = trial.kind === "bidi";
  const outcome = await trial.call("hi", {
    connection: "own",
    method: streaming ? "MissingStream" : "Missing",
    ...(streaming ? { contextTimeoutMs: patienceMs, script: [{ send: { text: "hi" } }, { recv: -1 }] } : {}),
  });
  return isBare(trial.protocol) && trial.kitexServes
    ? expectUnknown(trial, outcome, 20, "unknown service , method Missing")
    : expectUnknown(trial, outcome, 1, "unknown method");
};

const unknownService: Run = async (trial) => {
  const streaming = trial.kind === "bidi";
  const outcome = await trial.call("hi", {
    connection: "own",
    service: "Nobody",
    method: streaming ? "MissingStream" : "Missing",
    ...(streaming ? { contextTimeoutMs: patienceMs, script: [{ send: { text: "hi" } }, { recv: -1 }] } : {}),
  });
  return expectUnknown(trial, outcome, 20, "unknown service");
};

function expectUnknown(trial: Trial, outcome: Outcome, typeId: number, text: string): string | undefined {
  if (trial.kitexServes && trial.protocol === "ttheader-streaming") {
    if (trial.kitexCalls) expect(outcome.error?.typeId).toBe(12015);
    else expect(outcome.error?.code).toBe("deadline_exceeded");
    return "A Kitex server never answers a stream of an unknown service or method: the client waits for its deadline. Ours answers at once.";
  }
  const status = trial.kitexServes ? typeId : 12;
  expectError(trial, outcome, text, {
    typeId: application(trial.protocol, typeId),
    status,
    code: "unimplemented",
  });
  return undefined;
}

const sameNames: Run = async (trial) => {
  const outcome = await trial.call("hi", { service: "Shed", messages: [{ text: "hi" }] });
  expect(outcome).toMatchObject({ error: null, messages: [{ text: "shed:hi" }] });
};

const oneOfAKind = absent("Shown with ping-pong and bidirectional methods.");
const notPlain = absent("Framed and plain Thrift name no service.");

export const endings: readonly Feature[] = [
  feature("handler error", ({ kind }) => (kind === "oneway" ? noReply : handlerError)),
  feature("handler panics or throws something else", ({ kind }) =>
    kind === "oneway" ? noReply : handlerPanic,
  ),
  feature("business status with extra [B76]", ({ protocol, kind }) => {
    if (kind === "oneway") return noReply;
    return isBare(protocol) ? lostBizStatus : bizStatus;
  }),
  feature("declared exception", ({ kind }) => {
    if (kind === "oneway") return noReply;
    return kind === "unary" ? absent("The method declares none; ping-pong shows it.") : declared;
  }),
  feature("unknown method", ({ kind }) =>
    kind === "ping-pong" || kind === "bidi" ? unknownMethod : oneOfAKind,
  ),
  feature("unknown service", ({ protocol, kind }) => {
    if (isBare(protocol)) return notPlain;
    return kind === "ping-pong" || kind === "bidi" ? unknownService : oneOfAKind;
  }),
  feature("two services with the same method names [B78]", ({ protocol, kind }) => {
    if (isBare(protocol)) return notPlain;
    return kind === "ping-pong" || kind === "bidi" ? sameNames : oneOfAKind;
  }),
];
