import {
  type ResolvedSessionOptions,
  resolveSessionOptions,
  type SessionOptions,
  wholeOption,
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
  return resolveSessionOptions({ ...options, extensions: true, rst: true, heartbeatIntervalMs });
}

/** The longest message to take. @throws RpcError `invalid_argument` */
export function maxPayloadBytes(options: StreamLimits, { limits }: ResolvedSessionOptions): number {
  // Beside LENGTH itself; and a peer packs small frames into messages of this size, whatever our limits are.
  const needed = Math.min(0x7fffffff, Math.max(limits.maxFrameLength + 4, maxPackedBytes));
  return wholeOption(options, "maxPayloadBytes", needed, maxPackedBytes);
}

/** How often a silent peer is asked for a sign of life. @throws RpcError `invalid_argument` */
export function heartbeatIntervalMs(options: { readonly heartbeatIntervalMs?: number }): number {
  return wholeOption(options, "heartbeatIntervalMs", 30_000, 0, 0x3fffffff);
}
