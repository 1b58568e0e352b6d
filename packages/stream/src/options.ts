import type { Context } from "@slipstream/metainfo";
import type { Target } from "./balance.ts";
import type { Header, HeaderInit } from "./header.ts";

/** What a call of any kind takes. A call's option beats the client's option of the same name. */
interface CommonOptions {
  /**
   * Context of the call: metainfo, deadline and cancellation come from it, and travel.
   * @defaultValue inside a handler the handler's own, else the empty one
   */
  readonly context?: Context;
  /** Ends the call when it aborts. Narrows the context, never widens it. */
  readonly signal?: AbortSignal;
  /**
   * Limit for the whole call, a stream's whole life included, in milliseconds, above 0. Narrows the context's deadline.
   * @defaultValue none
   */
  readonly timeoutMs?: number;
  /** Limit for connecting, in milliseconds. @defaultValue the transport's, 1,000 unless said otherwise */
  readonly connectTimeoutMs?: number;
  /** gRPC-style metadata, after what the context's outgoing metadata has. */
  readonly metadata?: HeaderInit;
  /** Where this one call goes instead of the client's target. */
  readonly target?: Target;
}

/** Options of ping-pong, oneway and unary methods. */
export interface CallOptions extends CommonOptions {
  /** Told of the reply's header, before the call resolves or rejects. Not called when no reply came. */
  readonly onHeader?: (header: Header) => void;
  /** Told of the reply's trailer, likewise. */
  readonly onTrailer?: (trailer: Header) => void;
}

/** Options of client, server and bidirectional streams. */
export interface StreamOptions extends CommonOptions {
  /**
   * Limit for each `recv`, in milliseconds, above 0. As a number, the stream is cancelled on both sides when it passes;
   * with `cancelRemote: false` only that `recv` fails, with a retryable error, and the stream goes on.
   * @defaultValue none
   */
  readonly recvTimeoutMs?: number | RecvTimeout;
}

export interface RecvTimeout {
  readonly timeoutMs: number;
  readonly cancelRemote: boolean;
}
