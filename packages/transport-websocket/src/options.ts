import { RpcError } from "@slipstream/stream";
import {
  type ResolvedSessionOptions,
  resolveSessionOptions,
  type SessionOptions,
} from "@slipstream/ttheader";
import { maxPackedBytes } from "./pack.ts";

/** What can be set on streams and messages, for clients and servers alike. */
export interface StreamLimits
  extends Omit<SessionOptions, "extensions" | "rst" | "heartbeatIntervalMs" | "maxUnreadBytes"> {
  /**
   * Bytes of one WebSocket message, at least 262,144 (256 KiB); a longer one ends the connection before it is in memory.
   * A frame is never split, so a message of a call that is over this harms all calls, one over `maxMessageBytes` only its
   * own. Browsers have no such limit.
   * @defaultValue what a message of `maxMessageBytes` and its header need
   */
  readonly maxPayloadBytes?: number | undefined;
}

/** Fills in what is fixed here: both ends are Slipstream. @throws RpcError `invalid_argument` */
export function sessionOptions(options: StreamLimits, heartbeatIntervalMs: number): ResolvedSessionOptions {
  try {
    return resolveSessionOptions({ ...options, extensions: true, rst: true, heartbeatIntervalMs });
  } catch (error) {
    throw RpcError.from(error, "invalid_argument");
  }
}

/** The longest message to take. @throws RpcError `invalid_argument` */
export function maxPayloadBytes(options: StreamLimits, { limits }: ResolvedSessionOptions): number {
  // Beside LENGTH itself; and a peer packs small frames into messages of this size, whatever our limits are.
  const needed = Math.min(0x7fffffff, Math.max(limits.maxFrameLength + 4, maxPackedBytes));
  return wholeNumber("maxPayloadBytes", options.maxPayloadBytes, needed, maxPackedBytes);
}

/** A whole number of an option. @throws RpcError `invalid_argument` when it is out of range */
export function wholeNumber(name: string, value: number | undefined, fallback: number, min: number): number {
  const number = value ?? fallback;
  if (Number.isInteger(number) && number >= min && number <= 0x7fffffff) return number;
  throw new RpcError(
    "invalid_argument",
    `${name} is ${number}; expected a whole number from ${min} to ${0x7fffffff}`,
  );
}

/** How often a silent peer is asked for a sign of life. @throws RpcError `invalid_argument` */
export function heartbeatIntervalMs(options: { readonly heartbeatIntervalMs?: number }): number {
  return wholeNumber("heartbeatIntervalMs", options.heartbeatIntervalMs, 30_000, 0);
}
