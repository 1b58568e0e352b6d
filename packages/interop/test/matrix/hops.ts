import { expect } from "vitest";
import type { Call } from "../../src/index.ts";
import { absent, bare, type Feature, feature, isBare, isStreaming, type Run, type Trial } from "./cell.ts";

/** The call that the one in the middle makes, to a server of the first one's side. */
function onwards(trial: Trial, text: string, more: Partial<Call> = {}): Call {
  return {
    target: trial.pair.beyond.target,
    protocol: trial.protocol,
    method: trial.method,
    caller: "lab.service",
    handlers: true,
    messages: [{ text: `as=${trial.name}-beyond;${text}` }],
    ...more,
  };
}

const through = (trial: Trial, next: Call): Partial<Call> => ({
  messages: [trial.message("next", { info: { next: JSON.stringify(next) } })],
});

const oneHop: Run = async (trial): Promise<string | undefined> => {
  const outcome = await trial.call("", {
    ...through(trial, onwards(trial, "")),
    persistent: { KEEP: "p1" },
    transient: { ONCE: "t1" },
  });
  expect(outcome.error).toBeNull();
  const middle = await trial.record();
  expect(middle.transient).toEqual({ ONCE: "t1" });
  expect(middle.persistent).toEqual({ KEEP: "p1" });
  const end = await trial.pair.beyond.observe(`${trial.name}-beyond`);
  expect(end.persistent).toEqual({ KEEP: "p1" });
  if (trial.kitexServes && (isStreaming(trial.kind) || trial.protocol === "grpc")) {
    expect(end.transient).toEqual({ ONCE: "t1" });
    return "Kitex in the middle sends on by default what came as a transient value on a stream or over HTTP/2, so that it lives two hops or more; in its single-hop mode, and on TTHeader ping-pong, it does not.";
  }
  expect(end.transient).toEqual({});
  return undefined;
};

const cascade: Run = async (trial) => {
  const waiting = { text: `as=${trial.name}-beyond;waitctx` };
  const next = onwards(trial, "", { script: [{ send: waiting }, { recv: -1 }] });
  const send = through(trial, next).messages?.[0] ?? {};
  const outcome = await trial.call("", {
    connection: "own",
    caller: "lab.client",
    script: [{ send }, { sleepMs: 100 }, { cancel: true }, { recv: -1 }],
  });
  expect(outcome.error).not.toBeNull();
  const end = await trial.pair.beyond.observe(`${trial.name}-beyond`, "ended");
  if (trial.protocol !== "ttheader-streaming") return;
  const path =
    end.contextError?.cancelPath ?? /canceled path: ([^\]]*)/.exec(end.contextError?.text ?? "")?.[1];
  expect(path?.replace(" -> ", ",")).toBe("lab.client,lab.service");
};

export const hops: readonly Feature[] = [
  feature("one hop means one hop, the callee in the middle [D3][D4][D7][D8]", ({ protocol, kind }) => {
    if (isBare(protocol)) return bare;
    return kind === "oneway"
      ? absent("The answer of the second hop would be lost; ping-pong shows it.")
      : oneHop;
  }),
  feature("cancel through the callee in the middle", ({ kind }) =>
    kind === "bidi" ? cascade : absent("Shown with bidirectional streams."),
  ),
];
