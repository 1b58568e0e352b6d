import type { Context } from "@slipstream/metainfo";
import type { CallInfo } from "./call-info.ts";
import type { RpcError } from "./errors.ts";
import type { Header } from "./header.ts";

/** Follows calls from start to finish. What it throws is dropped into `onEvent` as `hook_failed`, never into a call. */
export interface Tracer {
  /** A call begins: on a client before its middleware, on a server once metainfo is on the context. */
  start(info: CallInfo): CallTrace | undefined;
}

/** The trace of one call. */
export interface CallTrace {
  /** The context that the call goes on with, for example one that holds a span. Absent: the same as before. */
  readonly context?: Context;
  /** Told of everything on the stream, at once, in the order in which it happens. Absent: events cost nothing. */
  event?(event: StreamEvent): void;
  /**
   * The call is over; called once. On a client streaming call that is when `recv` gives the end or an error, at the end
   * of `closeAndRecv`, or on `finish(error?)`, whichever comes first.
   */
  finish(result: CallResult): void;
}

/**
 * - `start`: the stream is open.
 * - `header`: the peer's header is there (client only).
 * - `send`, `recv`: after each message, with its size in bytes on the wire's payload, or with the error. The end of the
 *   peer's messages is no `recv` event.
 * - `finish`: the stream has ended.
 */
export type StreamEvent =
  | { readonly type: "start" }
  | { readonly type: "header"; readonly header: Header }
  | { readonly type: "send" | "recv"; readonly bytes: number; readonly error?: unknown }
  | { readonly type: "finish"; readonly error?: RpcError };

export interface CallResult {
  /** Absent on success; a business status is in `info.bizStatus`, and no error. */
  readonly error?: RpcError;
}
