import { expect } from "vitest";
import type { Step } from "../../src/index.ts";
import { absent, bare, type Feature, feature, isBare, isStreaming, type Run } from "./cell.ts";

const noHeader = absent(
  "TTHeader ping-pong has no header or trailer in Kitex; backward values are its way back.",
);

function withHeaders(run: Run): Feature["cell"] {
  return ({ protocol, kind }) => {
    if (isBare(protocol)) return bare;
    if (kind === "oneway") return absent("A oneway call has no reply.");
    return isStreaming(kind) || protocol === "grpc" ? run : noHeader;
  };
}

const header: Run = async (trial) => {
  const outcome = await trial.call("h=h1:v1;h=h2:v2");
  expect(outcome.error).toBeNull();
  if (isStreaming(trial.kind)) expect(outcome.header).toMatchObject({ h1: "v1", h2: "v2" });
  else expect(outcome.headerMetadata).toMatchObject({ h1: ["v1"], h2: ["v2"] });
};

const trailer: Run = async (trial) => {
  const outcome = await trial.call("t=t1:v1;t=t2:v2");
  expect(outcome.error).toBeNull();
  if (isStreaming(trial.kind)) expect(outcome.trailer).toMatchObject({ t1: "v1", t2: "v2" });
  else expect(outcome.trailerMetadata).toMatchObject({ t1: ["v1"], t2: ["v2"] });
};

const noneSet: Run = async (trial) => {
  const outcome = await trial.call("");
  expect(outcome.error).toBeNull();
  expect(outcome.headerErr).toBeUndefined();
  if (outcome.trailerErr === undefined) {
    expect(outcome.trailer).toEqual({});
    return;
  }
  expect(trial).toMatchObject({ kitexCalls: true, kitexServes: true });
  expect(outcome.trailerErr).toBe("stream is closed");
  return "A Kitex server writes no section for an empty trailer, and Kitex's client then fails `Trailer()` with \"stream is closed\". Ours reads it as empty, and our server writes an empty section, which Kitex's client reads as empty.";
};

const farApartMs = 200;

const early: Run = async (trial) => {
  const send = trial.message(`sh=h1:v1;sleep=${2 * farApartMs}`);
  const first: Step[] = trial.kind === "bidi" ? [{ send }] : [{ send }, { closeSend: true }];
  const outcome = await trial.call("", {
    script: [...first, { header: true }, { recv: 1 }, { cancel: true }],
  });
  expect(outcome.header).toMatchObject({ h1: "v1" });
  expect(outcome.messages).toHaveLength(1);
  const at = (what: string) => outcome.events.find((event) => event.what === what)?.atMs ?? Number.NaN;
  expect(at("received") - at("header")).toBeGreaterThan(farApartMs);
};

export const headers: readonly Feature[] = [
  feature("header [A8][C8][C9]", withHeaders(header)),
  feature("trailer [A5][A9]", withHeaders(trailer)),
  feature("no header and no trailer [A4]", ({ kind }) =>
    isStreaming(kind) ? noneSet : absent("Shown with streams, where they can be waited for."),
  ),
  feature("header long before data [A6][A10]", ({ kind }) =>
    isStreaming(kind) ? early : absent("A single reply comes with its header."),
  ),
];
