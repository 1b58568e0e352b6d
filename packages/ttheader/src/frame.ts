import type * as FrameKind from "./format/frame-kind.ts";
import { FrameError } from "./frame-error.ts";
import { FrameHead } from "./frame-head.ts";
import { readInts } from "./int-pairs.ts";
import { overLimit, type ResolvedFrameLimits, resolveLimits } from "./limits.ts";

/** A frame with everything in it read: for tools and tests. The hot path reads with `FrameHead`. */
export interface Frame {
  readonly flags: number;
  readonly sequenceId: number;
  readonly protocolId: number;
  /** `FrameKind.none` unless the streaming flag is set. */
  readonly kind: FrameKind.Kind;
  /** Undefined when the section is absent, which is not the same as empty. */
  readonly strings: ReadonlyMap<string, string> | undefined;
  readonly ints: ReadonlyMap<number, string>;
  /** A view of the bytes that were decoded. */
  readonly payload: Uint8Array;
}

const defaultLimits = resolveLimits();

/**
 * Reads the one frame that `bytes` hold.
 * @throws FrameError when they hold anything else than exactly one frame.
 */
export function decodeFrame(bytes: Uint8Array, limits: ResolvedFrameLimits = defaultLimits): Frame {
  const head = new FrameHead(limits);
  head.read(bytes, 0, bytes.length);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (length + 4 !== bytes.length) {
    throw new FrameError(
      "truncated",
      `LENGTH says a frame of ${length + 4} bytes, there are ${bytes.length}`,
    );
  }
  const payloadBytes = bytes.length - head.payloadStart;
  if (payloadBytes > limits.maxMessageBytes) {
    throw overLimit("message", payloadBytes, "maxMessageBytes", limits.maxMessageBytes);
  }
  return {
    flags: head.flags,
    sequenceId: head.sequenceId,
    protocolId: head.protocolId,
    kind: head.kind,
    strings: head.strings(),
    ints: readInts(head),
    payload: bytes.subarray(head.payloadStart, head.payloadEnd),
  };
}
