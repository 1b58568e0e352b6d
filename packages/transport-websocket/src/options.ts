import { RpcError } from "@slipstream/stream";
import {
  type ResolvedSessionOptions,
  resolveSessionOptions,
  type SessionOptions,
} from "@slipstream/ttheader";

/** What can be set on streams and frames, for clients and servers alike; see `SessionOptions` of `@slipstream/ttheader`. */
export type StreamLimits = Omit<
  SessionOptions,
  "extensions" | "rst" | "heartbeatIntervalMs" | "maxUnreadBytes"
>;

/** Fills in what is fixed here: both ends are Slipstream. @throws RpcError `invalid_argument` */
export function sessionOptions(options: StreamLimits, heartbeatIntervalMs: number): ResolvedSessionOptions {
  try {
    return resolveSessionOptions({ ...options, extensions: true, rst: true, heartbeatIntervalMs });
  } catch (error) {
    throw RpcError.from(error, "invalid_argument");
  }
}

/** A whole number of an option. @throws RpcError `invalid_argument` when it is out of range */
export function wholeNumber(name: string, value: number | undefined, fallback: number, min: number): number {
  const number = value ?? fallback;
  if (Number.isInteger(number) && number >= min && number <= 0x7fffffff) return number;
  throw new RpcError("invalid_argument", `${name} is ${number}; expected a whole number of at least ${min}`);
}
