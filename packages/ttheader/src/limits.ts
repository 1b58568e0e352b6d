import { RpcError } from "@slipstream/stream";
import { FIXED_BYTES, MAX_HEADER_BYTES, MAX_STRING_BYTES } from "./format.ts";
import { FrameError } from "./frame-error.ts";

/** How large the parts of a frame may be. */
export interface FrameLimits {
  /**
   * Bytes of a payload, 1 to 2^31-1.
   * @defaultValue 67,108,864 (64 MiB)
   */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Bytes of the header info, 4 to 262,140. Kitex before v0.15.4 reads 65,532 at most.
   * @defaultValue 262,140
   */
  readonly maxHeaderBytes?: number | undefined;
  /**
   * Bytes of one key or value in the header, 1 to 65,535.
   * @defaultValue 65,535
   */
  readonly maxStringBytes?: number | undefined;
}

/** What the envelope of a ping-pong message may add: its head, with a long method name, and a framed length. */
const ENVELOPE_BYTES = 1024;

/** Limits with the defaults filled in. */
export interface ResolvedFrameLimits {
  readonly maxMessageBytes: number;
  readonly maxHeaderBytes: number;
  readonly maxStringBytes: number;
  /** LENGTH of a frame at these limits. */
  readonly maxFrameLength: number;
}

/**
 * Fills in the defaults.
 * @throws RpcError `invalid_argument` when a limit is outside its range.
 */
export function resolveLimits(limits: FrameLimits = {}): ResolvedFrameLimits {
  const maxMessageBytes = wholeOption(limits, "maxMessageBytes", 64 * 1024 * 1024, 1);
  const maxHeaderBytes = wholeOption(limits, "maxHeaderBytes", MAX_HEADER_BYTES, 4, MAX_HEADER_BYTES);
  const maxStringBytes = wholeOption(limits, "maxStringBytes", MAX_STRING_BYTES, 1, MAX_STRING_BYTES);
  return {
    maxMessageBytes,
    maxHeaderBytes,
    maxStringBytes,
    maxFrameLength: FIXED_BYTES - 4 + maxHeaderBytes + ENVELOPE_BYTES + maxMessageBytes,
  };
}

/**
 * The number that `options` have under `name`, or else `fallback`.
 * @throws RpcError `invalid_argument` when it is no whole number from `min` to `max`.
 */
export function wholeOption<Name extends string>(
  options: { readonly [N in Name]?: number | undefined },
  name: Name,
  fallback: number,
  min: number,
  max = 0x7fffffff,
): number {
  const value = options[name] ?? fallback;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RpcError(
    "invalid_argument",
    `${name} must be a whole number from ${min} to ${max}, not ${value}`,
  );
}

/** The error for a part that is larger than its limit. */
export function overLimit(what: string, bytes: number, limit: keyof FrameLimits, max: number): FrameError {
  return new FrameError("limit", `${what} of ${grouped(bytes)} bytes is over ${limit} (${grouped(max)})`);
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
