import fc from "fast-check";
import * as Flag from "../src/format/flag.ts";
import * as IntKey from "../src/format/int-key.ts";
import * as ProtocolId from "../src/format/protocol-id.ts";
import { ACL_TOKEN_KEY } from "../src/format.ts";
import type { FrameInit } from "../src/frame-encode.ts";
import { FrameError } from "../src/frame-error.ts";

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ minLength: 40, maxLength: 90 }),
);
const key = fc.oneof({ weight: 8, arbitrary: text }, { weight: 1, arbitrary: fc.constant(ACL_TOKEN_KEY) });
const strings = fc.option(fc.uniqueArray(fc.tuple(key, text), { maxLength: 8, selector: ([name]) => name }), {
  nil: undefined,
});
const ints = fc.uniqueArray(
  fc.tuple(
    fc.nat({ max: 0xffff }).filter((id) => id !== IntKey.frameKind),
    text,
  ),
  { maxLength: 6, selector: ([id]) => id },
);

/** Any frame that the format can hold, of a stream or ping-pong. */
export const anyFrame: fc.Arbitrary<FrameInit> = fc
  .record({
    kind: fc.integer({ min: 0, max: 5 }),
    otherFlags: fc.nat({ max: 0xffff }),
    sequenceId: fc.integer(),
    protocolId: fc.constantFrom(...Object.values(ProtocolId)),
    strings,
    ints,
    payload: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ kind, otherFlags, ints: pairs, ...rest }) => ({
    ...rest,
    flags: kind === 0 ? otherFlags & ~Flag.streaming : otherFlags | Flag.streaming,
    ints: kind === 0 ? pairs : [[IntKey.frameKind, String(kind)] as const, ...pairs],
  }));

/** How often the fuzz tests run; FUZZ_RUNS overrides it for long runs. */
export const fuzzRuns: number = Number(process.env["FUZZ_RUNS"] ?? 300);
/** What they may take then. */
export const fuzzTimeoutMs: number = 20_000 + fuzzRuns * 20;

/** Cuts `bytes` at the given places, which may repeat and need no order. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((from, i) => bytes.slice(from, cuts[i] ?? bytes.length));
}

export function join(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Lets `work` fail, but with nothing else than a FrameError. */
export function failsOnlyWithFrameError(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
  }
}
