import type { ConnectionOptions } from "node:tls";
import { type OnEvent, RpcError } from "@slipstream/stream";
import {
  type PingPongForm,
  type ResolvedSessionOptions,
  resolveSessionOptions,
  type SessionOptions,
} from "@slipstream/ttheader";

/**
 * How a client's streams share connections. `mux`: many on one; `long`: one at a time on one, which is kept for the next;
 * `short`: a new connection for each.
 */
export type ConnectionMode = "mux" | "long" | "short";

/** Options of {@link import("./ttheader.ts").ttheader}; those of streams and frames hold for client and server alike. */
export interface TtheaderOptions extends SessionOptions {
  /**
   * Client: how ping-pong calls are written; a server takes all forms, on one port, and answers in the form of the request.
   *
   * - `ttheader`: a Thrift message in a TTHeader frame.
   * - `ttheader-framed`: the same with its length before it, as stock Kitex clients write it.
   * - `framed`, `binary`: the message without TTHeader, with its length before it or not: what Apache Thrift servers take.
   *   Only the message travels then: no metainfo, metadata, header, trailer or deadline, and a business status is an error
   *   of type 6 (`biz status N: text`). Streams are opened over TTHeader all the same.
   * @defaultValue "ttheader"
   */
  readonly pingPong?: PingPongForm;
  /** Client: how streams share connections. @defaultValue "mux" */
  readonly connections?: ConnectionMode;
  /** Client, `mux`: connections to each address over which streams are spread, 1 to 1,000. @defaultValue 1 */
  readonly muxConnections?: number;
  /** Client: connections to one address, those being made included, 1 to 100,000. @defaultValue 1,000 */
  readonly maxConnections?: number;
  /**
   * Client: streams and calls to one address that may wait for a connection or for a place on one, 0 to 1,000,000; one more fails
   * with `resource_exhausted`.
   * @defaultValue 1,000
   */
  readonly maxPendingOpens?: number;
  /** Client: limit for connecting and for waiting for a place, in milliseconds. @defaultValue 1,000 */
  readonly connectTimeoutMs?: number;
  /** Client: a connection that no stream used for this time is closed, in milliseconds. @defaultValue 60,000 */
  readonly idleTimeoutMs?: number;
  /**
   * Client: after a failure to connect, the address is not tried again for this time, in milliseconds; it doubles, with
   * some chance in it, up to `maxReconnectDelayMs` with every further failure. Opens fail at once meanwhile.
   * @defaultValue 50
   */
  readonly minReconnectDelayMs?: number;
  /** @defaultValue 5,000 */
  readonly maxReconnectDelayMs?: number;
  /** Time after which TCP asks whether the peer of a silent connection is there, in milliseconds; 0: never. @defaultValue 60,000 */
  readonly keepAliveMs?: number;
  /** Client: connects with TLS; as `node:tls` takes it, with `cert` and `key` for mutual TLS. A server's TLS is its listener's. */
  readonly tls?: ConnectionOptions;
  /** Told of connections opened, closed and failed, and of limits that were reached. */
  readonly onEvent?: OnEvent;
}

/** Options with the defaults filled in. */
export interface ResolvedOptions {
  readonly session: ResolvedSessionOptions;
  readonly pingPong: PingPongForm;
  readonly connections: ConnectionMode;
  readonly muxConnections: number;
  readonly maxConnections: number;
  readonly maxPendingOpens: number;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly minReconnectDelayMs: number;
  readonly maxReconnectDelayMs: number;
  readonly keepAliveMs: number;
  readonly tls: ConnectionOptions | undefined;
  readonly onEvent: OnEvent;
}

const maxTimeMs = 0x7fffffff;

/** @throws RpcError `invalid_argument` when an option is outside its range. */
export function resolveOptions(options: TtheaderOptions): ResolvedOptions {
  const { connections = "mux", pingPong = "ttheader" } = options;
  oneOf("connections", connections, ["mux", "long", "short"]);
  oneOf("pingPong", pingPong, ["ttheader", "ttheader-framed", "framed", "binary"]);
  const number = (name: keyof TtheaderOptions, fallback: number, min: number, max: number): number => {
    const value = (options[name] as number | undefined) ?? fallback;
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new RpcError(
      "invalid_argument",
      `${name} is ${value}; expected a whole number from ${min} to ${max}`,
    );
  };
  return {
    session: resolveSessionOptions(options),
    pingPong,
    connections,
    muxConnections: number("muxConnections", 1, 1, 1000),
    maxConnections: number("maxConnections", 1000, 1, 100_000),
    maxPendingOpens: number("maxPendingOpens", 1000, 0, 1_000_000),
    connectTimeoutMs: number("connectTimeoutMs", 1000, 1, maxTimeMs),
    idleTimeoutMs: number("idleTimeoutMs", 60_000, 1, maxTimeMs),
    minReconnectDelayMs: number("minReconnectDelayMs", 50, 0, maxTimeMs),
    maxReconnectDelayMs: number("maxReconnectDelayMs", 5000, 0, maxTimeMs),
    keepAliveMs: number("keepAliveMs", 60_000, 0, maxTimeMs),
    tls: options.tls,
    onEvent: quiet(options.onEvent),
  };
}

function oneOf(name: keyof TtheaderOptions, value: string, expected: readonly string[]): void {
  if (expected.includes(value)) return;
  const names = expected.map((one) => JSON.stringify(one)).join(", ");
  throw new RpcError("invalid_argument", `${name} is ${JSON.stringify(value)}; expected one of ${names}`);
}

/** What a listener to events throws is nobody's business. */
function quiet(onEvent: OnEvent | undefined): OnEvent {
  return (event) => {
    try {
      onEvent?.(event);
    } catch {
      // The last to be told: there is nobody left to tell.
    }
  };
}
