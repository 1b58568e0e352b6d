import { crc32 } from "node:zlib";
import { expect } from "vitest";
import { startRecordingProxy } from "../../src/index.ts";
import { filler } from "../../src/slipstream/messages.ts";
import { absent, type Feature, feature, isStreaming, type Run } from "./cell.ts";

const plainEcho: Run = async (trial) => {
  const outcome = await trial.call("hi");
  expect(outcome.error).toBeNull();
  expect(outcome.messages.map(({ text }) => text)).toEqual(trial.kind === "oneway" ? [] : [trial.echo("hi")]);
  const record = await trial.record("returned");
  expect(record.received).toMatchObject([{ text: `as=${trial.name};hi` }]);
  expect(record.method).toBe(trial.method);
};

const otherForms: Run = async (trial) => {
  const joined = await trial.call("hi", { method: "Join", strings: ["first"], numbers: [1, -2] });
  expect(joined).toMatchObject({
    error: null,
    messages: [{ text: `first+echo:as=${trial.name};hi+[1 -2]` }],
  });
  const now = await trial.call("", { method: "Now" });
  expect(now).toMatchObject({ error: null, messages: [{ text: "echo:now" }] });
  const nothing = await trial.call("", { method: "Touch" });
  expect(nothing).toMatchObject({ error: null, messages: [] });
};

const emptyMessage: Run = async (trial) => {
  const outcome = await trial.call("", { messages: [{ text: "" }] });
  expect(outcome.error).toBeNull();
  if (trial.kind === "oneway") return;
  expect(outcome.messages).toMatchObject([{ text: trial.kind === "client" ? "collected 1 last " : "echo:" }]);
};

const large = 8 << 20;
const largeSum = crc32(filler(large));

const largeMessage: Run = async (trial) => {
  const outcome = await trial.call("", { messages: [trial.message("", { blobBytes: large })] });
  expect(outcome.error).toBeNull();
  const { received } = await trial.record();
  expect(received).toMatchObject([{ blobBytes: large, blobSum: largeSum }]);
};

const atOnce = 200;

const many: Run = async (trial) => {
  await using proxy = await startRecordingProxy(trial.callee.target);
  const messages = [{ text: "{i}" }, { text: "again {i}" }];
  const isStream = isStreaming(trial.kind);
  const call = trial.describe("", {
    target: proxy.target,
    messages: isStream ? messages : messages.slice(0, 1),
  });
  const result = await trial.pair.caller.many(atOnce, call);
  expect(result.failed).toEqual({});
  expect(result.succeeded).toBe(atOnce);
  if (isStream || trial.protocol === "grpc") expect(proxy.connections).toBe(1);
};

const gzipped: Run = async (trial) => {
  const text = "compress me ".repeat(100);
  await using proxy = await startRecordingProxy(trial.callee.target);
  const outcome = await trial.call(text, { gzip: true, connection: "own", target: proxy.target });
  expect(outcome).toMatchObject({ error: null, messages: [{ text: trial.echo(text) }] });
  const passed = proxy.passages.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  expect(passed).toBeLessThan(text.length);
};

export const echo: readonly Feature[] = [
  feature("echo [B1][B2][B6][B7][B77]", () => plainEcho),
  feature("several arguments, none, void", ({ kind }) =>
    kind === "ping-pong"
      ? otherForms
      : absent("Only ping-pong methods have other than one argument and one result."),
  ),
  feature("empty message", () => emptyMessage),
  feature("8 MiB message", () => largeMessage),
  feature("gzip both ways", ({ protocol, kind }) => {
    if (protocol !== "grpc") return absent("Only HTTP/2 has it.");
    return kind === "oneway" ? absent("A oneway call has no reply.") : gzipped;
  }),
  feature("200 calls at once, streams on one connection", ({ kind }) =>
    kind === "client" || kind === "server" || kind === "oneway"
      ? absent("Shown with the kinds that answer each message.")
      : many,
  ),
];
