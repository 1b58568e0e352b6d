import { allocate } from "@slipstream/stream";
import * as Flag from "./format/flag.ts";
import type * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";
import * as ProtocolId from "./format/protocol-id.ts";
import { ACL_TOKEN_KEY } from "./format.ts";
import { HEAD_BYTES, HeadWriter, pairBound } from "./head-writer.ts";
import { overLimit, type ResolvedFrameLimits, resolveLimits } from "./limits.ts";

/** A string pair of a header. */
export type StringPair = readonly [key: string, value: string];
/** An integer-keyed pair of a header; the value is text. */
export type IntPair = readonly [key: number, value: string];

/** The pairs of a header. */
export interface FramePairs {
  /** Present and empty writes an empty section, which a Kitex reader tells from none. */
  readonly strings?: readonly StringPair[] | undefined;
  readonly ints?: readonly IntPair[] | undefined;
}

/** What a frame is made of, without its payload. */
export interface FrameHeadInit extends FramePairs {
  readonly flags: number;
  readonly sequenceId: number;
  readonly protocolId: number;
}

export interface FrameInit extends FrameHeadInit {
  readonly payload?: Uint8Array | undefined;
}

const defaultLimits = resolveLimits();

/**
 * A whole frame in bytes of its own.
 * @throws FrameError when a part is over its limit, or over what the format can hold.
 */
export function encodeFrame(frame: FrameInit, limits: ResolvedFrameLimits = defaultLimits): Uint8Array {
  const payload = frame.payload;
  const payloadBytes = payload?.length ?? 0;
  if (payloadBytes > limits.maxMessageBytes) {
    throw overLimit("message", payloadBytes, "maxMessageBytes", limits.maxMessageBytes);
  }
  const bytes = allocate(HEAD_BYTES + pairsBound(frame) + payloadBytes);
  const writer = new HeadWriter(limits);
  writer.begin(bytes, 0, frame.flags, frame.protocolId);
  writePairs(writer, frame);
  const headEnd = writer.finish(frame.sequenceId, payloadBytes);
  if (payload !== undefined) bytes.set(payload, headEnd);
  return bytes.subarray(0, headEnd + payloadBytes);
}

/** The most bytes that the pairs of this frame take. */
export function pairsBound({ strings, ints }: FramePairs): number {
  let bound = 0;
  if (strings !== undefined)
    for (const [key, value] of strings) bound += pairBound(key.length + value.length);
  if (ints !== undefined) for (const [, value] of ints) bound += pairBound(value.length);
  return bound;
}

/** Writes the sections of a frame that has begun. */
export function writePairs(writer: HeadWriter, { strings, ints }: FramePairs): void {
  if (strings !== undefined) writeStrings(writer, strings);
  if (ints !== undefined && ints.length > 0) {
    writer.beginInts();
    for (const [key, value] of ints) writer.int(key, value);
    writer.endSection();
  }
}

function writeStrings(writer: HeadWriter, strings: readonly StringPair[]): void {
  const token = strings.findLast(([key]) => key === ACL_TOKEN_KEY)?.[1];
  if (token !== undefined) writer.token(token);
  if (token !== undefined && strings.length === 1) return;
  writer.beginStrings();
  for (const [key, value] of strings) if (key !== ACL_TOKEN_KEY) writer.string(key, value);
  writer.endSection();
}

/**
 * The head of a streaming frame without payload, for stream 0: computed once for a method and a kind, copied and patched
 * for each frame.
 */
export function streamHead(
  kind: FrameKind.Kind,
  method: string,
  strings?: readonly StringPair[],
): Uint8Array {
  return encodeFrame(streamFrame(kind, 0, method, strings));
}

/** The head fields of a streaming frame, as ttstream fills them. */
export function streamFrame(
  kind: FrameKind.Kind,
  sequenceId: number,
  method: string,
  strings?: readonly StringPair[],
): FrameHeadInit {
  return {
    flags: Flag.streaming,
    sequenceId,
    protocolId: ProtocolId.thriftStruct,
    strings,
    ints: [
      [IntKey.frameKind, String(kind)],
      [IntKey.toMethod, method],
    ],
  };
}
