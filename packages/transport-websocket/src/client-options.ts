import type { OnEvent } from "@slipstream/stream";
import type { NodeOptions } from "./dial.ts";
import type { StreamLimits } from "./options.ts";

/**
 * - `closed`: no connection, and none wanted: the next call makes one.
 * - `connecting`: one is being made.
 * - `open`: there is one.
 * - `waiting`: it could not be made. New calls wait until the back-off has passed, then it is tried again for them.
 */
export type ConnectionState = "connecting" | "open" | "waiting" | "closed";

export interface StateChange {
  /** The address in its canonical form, with port and path. */
  readonly address: string;
  readonly state: ConnectionState;
  /** Why, when something went wrong. */
  readonly error?: Error;
  /** In state `waiting`: milliseconds until it may be tried again. */
  readonly retryInMs?: number;
}

export interface WebSocketOptions extends StreamLimits {
  /**
   * Limit for connecting and for waiting for a place on the connection, in milliseconds; phones need their time.
   * @defaultValue 10,000
   */
  readonly connectTimeoutMs?: number;
  /** A connection that no call used for this time is closed, in milliseconds. @defaultValue 60,000 */
  readonly idleTimeoutMs?: number;
  /**
   * After a failure to connect, the next attempt waits for this time, in milliseconds; it doubles, with some chance in
   * it, up to `maxReconnectDelayMs` with every further failure. @defaultValue 200
   */
  readonly minReconnectDelayMs?: number;
  /**
   * At least `minReconnectDelayMs`. With several addresses keep it small: a call for which one is chosen that is away
   * waits for that one. @defaultValue 10,000
   */
  readonly maxReconnectDelayMs?: number;
  /** Calls that may wait for a connection; one more fails with `resource_exhausted`. @defaultValue 1,000 */
  readonly maxPendingOpens?: number;
  /**
   * How often a silent server is asked for a sign of life, in milliseconds; after twice this time without any the
   * connection counts as lost. 0: never. It is what finds a connection that a proxy or a sleeping laptop has lost.
   * In browsers nothing is heard of a message before all of it has come, so one that takes longer counts as silence.
   * @defaultValue 30,000
   */
  readonly heartbeatIntervalMs?: number;
  /** Told whenever the connection to an address comes, goes or is tried again. What it throws goes to `onEvent`. */
  readonly onStateChange?: (change: StateChange) => void;
  /** Told of connections opened, closed and failed, and of limits that were reached. */
  readonly onEvent?: OnEvent;
  /** What only Node lets a program decide: certificates and headers of the upgrade request. Ignored in browsers. */
  readonly node?: NodeOptions;
}
