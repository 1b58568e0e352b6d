import type { OnEvent } from "@slipstream/stream";
import type { NodeOptions } from "./dial.ts";
import type { StreamLimits } from "./options.ts";

/**
 * - `closed`: no connection, and none wanted: the next call makes one.
 * - `connecting`: one is being made.
 * - `open`: there is one.
 * - `waiting`: it could not be made, and is tried again, when the back-off has passed, for the calls that wait for it.
 */
export type ConnectionState = "connecting" | "open" | "waiting" | "closed";

export interface StateChange {
  /** The address, as the client's target names it. */
  readonly address: string;
  readonly state: ConnectionState;
  /** Why, when something went wrong. */
  readonly error?: Error;
}

export interface WebSocketOptions extends StreamLimits {
  /** Limit for connecting, in milliseconds; phones need their time. @defaultValue 10,000 */
  readonly connectTimeoutMs?: number;
  /** A connection that no call used for this time is closed, in milliseconds. @defaultValue 60,000 */
  readonly idleTimeoutMs?: number;
  /**
   * After a failure to connect, the next attempt waits for this time, in milliseconds; it doubles, with some chance in
   * it, up to `maxReconnectDelayMs` with every further failure. @defaultValue 200
   */
  readonly minReconnectDelayMs?: number;
  /** @defaultValue 10,000 */
  readonly maxReconnectDelayMs?: number;
  /** Calls that may wait for a connection; one more fails with `resource_exhausted`. @defaultValue 1,000 */
  readonly maxPendingOpens?: number;
  /**
   * How often a silent server is asked for a sign of life, in milliseconds; 0: never. It is what finds a connection that
   * a proxy or a sleeping laptop has lost. @defaultValue 30,000
   */
  readonly heartbeatIntervalMs?: number;
  /** Told whenever the connection to an address comes, goes or is tried again. */
  readonly onStateChange?: (change: StateChange) => void;
  readonly onEvent?: OnEvent;
  /** What only Node lets a program decide: certificates and headers of the upgrade request. Ignored in browsers. */
  readonly node?: NodeOptions;
}
