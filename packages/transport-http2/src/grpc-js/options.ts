import { RpcError } from "@slipstream/stream";
import type { GrpcJsLimits } from "./message-queue.ts";

/** What Slipstream itself heeds; all else is the options of the program's grpc-js client, channel or server. */
export interface GrpcJsOptions {
  /**
   * The largest message sent, in bytes. What may be received is grpc-js's `grpc.max_receive_message_length`.
   * @defaultValue 67,108,864
   */
  readonly maxMessageBytes?: number;
  /** What a stream's sends that are not awaited may pile up, in bytes. @defaultValue 16,777,216 */
  readonly maxSendBufferBytes?: number;
  /** Messages that wait for the application before no more are read from grpc-js, in bytes. @defaultValue 262,144 */
  readonly streamWindowBytes?: number;
  /** Client: how long to wait for the channel to be connected, in milliseconds. @defaultValue 1,000 */
  readonly connectTimeoutMs?: number;
}

/** @throws RpcError `invalid_argument` when an option is outside its range. */
export function resolveLimits(options: GrpcJsOptions): GrpcJsLimits & { readonly connectTimeoutMs: number } {
  const number = (name: keyof GrpcJsOptions, fallback: number, min: number): number => {
    const value = options[name] ?? fallback;
    if (Number.isInteger(value) && value >= min && value <= 0x7fffffff) return value;
    throw new RpcError("invalid_argument", `${name} is ${value}; expected a whole number from ${min}`);
  };
  return {
    maxMessageBytes: number("maxMessageBytes", 64 * 1024 * 1024, 0),
    maxSendBufferBytes: number("maxSendBufferBytes", 16 * 1024 * 1024, 0),
    streamWindowBytes: number("streamWindowBytes", 256 * 1024, 1),
    connectTimeoutMs: number("connectTimeoutMs", 1000, 1),
  };
}
