import {
  ACL_TOKEN_KEY,
  FIXED_BYTES,
  Flag,
  type FrameKind,
  IntKey,
  MAGIC,
  ProtocolId,
  Section,
} from "./format.ts";
import { FrameError } from "./frame-error.ts";
import { overLimit, type ResolvedFrameLimits, resolveLimits } from "./limits.ts";
import { allocate, writeText } from "./platform.ts";

/** A string pair of a header. */
export type StringPair = readonly [key: string, value: string];
/** An integer-keyed pair of a header; the value is text. */
export type IntPair = readonly [key: number, value: string];

/** What a frame is made of, without its payload. */
export interface FrameHeadInit {
  readonly flags: number;
  readonly sequenceId: number;
  readonly protocolId: number;
  /** Present and empty writes an empty section, which a Kitex reader tells from none. */
  readonly strings?: readonly StringPair[] | undefined;
  readonly ints?: readonly IntPair[] | undefined;
}

export interface FrameInit extends FrameHeadInit {
  readonly payload?: Uint8Array | undefined;
}

const defaultLimits = resolveLimits();
const maxPairs = 0xffff;

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
  const bytes = allocate(headBound(frame) + payloadBytes);
  const headEnd = writeHead(bytes, 0, frame, payloadBytes, limits);
  if (payload !== undefined) bytes.set(payload, headEnd);
  return bytes.subarray(0, headEnd + payloadBytes);
}

/** The most bytes that {@link writeHead} can write for this frame. */
export function headBound(frame: FrameHeadInit): number {
  // Fixed part, protocol id, transforms, three section heads, padding.
  let bound = FIXED_BYTES + 2 + 9 + 3;
  if (frame.strings !== undefined) {
    for (const [key, value] of frame.strings) bound += 4 + 3 * (key.length + value.length);
  }
  if (frame.ints !== undefined) for (const [, value] of frame.ints) bound += 4 + 3 * value.length;
  return bound;
}

/**
 * Writes everything before the payload into `target`, where there are {@link headBound} bytes from `at` on,
 * and returns its end. It does not look at the size of the payload. Sections stand in the order in which Kitex writes them.
 * @throws FrameError
 */
export function writeHead(
  target: Uint8Array,
  at: number,
  frame: FrameHeadInit,
  payloadBytes: number,
  limits: ResolvedFrameLimits = defaultLimits,
): number {
  const infoStart = at + FIXED_BYTES;
  putUint16(target, at + 4, MAGIC);
  putUint16(target, at + 6, frame.flags);
  target[infoStart] = frame.protocolId;
  target[infoStart + 1] = 0;
  let end = infoStart + 2;
  if (frame.strings !== undefined) end = writeStrings(target, end, frame.strings, limits);
  if (frame.ints !== undefined && frame.ints.length > 0) end = writeInts(target, end, frame.ints, limits);
  while (((end - infoStart) & 3) !== 0) target[end++] = Section.padding;
  const infoBytes = end - infoStart;
  if (infoBytes > limits.maxHeaderBytes) {
    throw overLimit("header info", infoBytes, "maxHeaderBytes", limits.maxHeaderBytes);
  }
  putUint16(target, at + 12, infoBytes >>> 2);
  patchHead(target, at, frame.sequenceId, end - at + payloadBytes);
  return end;
}

/** Puts the two fields that differ between frames of one kind on one stream into a copy of its head. */
export function patchHead(target: Uint8Array, at: number, sequenceId: number, frameBytes: number): void {
  putInt32(target, at, frameBytes - 4);
  putInt32(target, at + 8, sequenceId);
}

/**
 * The head of a streaming frame without strings, for stream 0 and no payload: computed once for a method and
 * a kind, copied and patched ({@link patchHead}) for each frame.
 */
export function streamHead(kind: FrameKind, method: string, strings?: readonly StringPair[]): Uint8Array {
  return encodeFrame(streamFrame(kind, 0, method, strings));
}

/** The head fields of a streaming frame, as ttstream fills them. */
export function streamFrame(
  kind: FrameKind,
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

function writeStrings(
  target: Uint8Array,
  at: number,
  strings: readonly StringPair[],
  limits: ResolvedFrameLimits,
): number {
  let token: string | undefined;
  for (const [key, value] of strings) if (key === ACL_TOKEN_KEY) token = value;
  let end = at;
  if (token !== undefined) {
    target[end] = Section.aclToken;
    end = writeString(target, end + 1, token, limits);
  }
  if (token !== undefined && strings.length === 1) return end;
  target[end] = Section.strings;
  const countAt = end + 1;
  end += 3;
  let count = 0;
  for (const [key, value] of strings) {
    if (key === ACL_TOKEN_KEY) continue;
    end = writeString(target, end, key, limits);
    end = writeString(target, end, value, limits);
    count++;
  }
  putCount(target, countAt, count);
  return end;
}

function writeInts(
  target: Uint8Array,
  at: number,
  ints: readonly IntPair[],
  limits: ResolvedFrameLimits,
): number {
  target[at] = Section.ints;
  putCount(target, at + 1, ints.length);
  let end = at + 3;
  for (const [key, value] of ints) {
    putUint16(target, end, key);
    end = writeString(target, end + 2, value, limits);
  }
  return end;
}

function writeString(target: Uint8Array, at: number, value: string, limits: ResolvedFrameLimits): number {
  const end = writeText(target, at + 2, value);
  const length = end - at - 2;
  if (length > limits.maxStringBytes) {
    throw overLimit("a header key or value", length, "maxStringBytes", limits.maxStringBytes);
  }
  putUint16(target, at, length);
  return end;
}

function putCount(target: Uint8Array, at: number, count: number): void {
  if (count > maxPairs)
    throw new FrameError("limit", `${count} pairs in one section, at most ${maxPairs} fit`);
  putUint16(target, at, count);
}

function putUint16(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 8;
  target[at + 1] = value;
}

function putInt32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
