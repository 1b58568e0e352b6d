import type { RpcError } from "./errors.ts";

/** What happens below the calls, for logs and metrics; nothing inside Slipstream writes a log. */
export type TransportEvent =
  | {
      readonly type: "connection_opened";
      readonly transport: string;
      readonly side: Side;
      readonly peer: string;
    }
  | {
      readonly type: "connection_closed";
      readonly transport: string;
      readonly side: Side;
      readonly peer: string;
      /** Absent when it was closed in order. */
      readonly error?: RpcError;
    }
  | {
      readonly type: "connect_failed";
      readonly transport: string;
      readonly peer: string;
      readonly error: RpcError;
    }
  | { readonly type: "protocol_detected"; readonly transport: string; readonly peer: string }
  /** A connection or a call was turned away: not a known protocol, over a limit, not allowed. */
  | { readonly type: "refused"; readonly transport: string; readonly peer: string; readonly error: RpcError }
  /** A limit was reached; `error` says which, and what it is set to. */
  | {
      readonly type: "limit_hit";
      readonly transport: string;
      readonly peer: string;
      readonly error: RpcError;
    }
  /** A tracer, listener or hook of the program threw. */
  | { readonly type: "hook_failed"; readonly hook: string; readonly error: unknown };

type Side = "client" | "server";

/** Told of every event. What it throws is ignored: it is the last to be told. */
export type OnEvent = (event: TransportEvent) => void;
