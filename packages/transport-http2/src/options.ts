import type { ConnectionOptions } from "node:tls";
import { type OnEvent, RpcError } from "@slipstream/stream";
import { h2Sessions } from "./h2-sessions.ts";
import type { SessionEngine, SessionSettings } from "./session-engine.ts";

/** Options of {@link import("./http2.ts").http2}. Those that do not say otherwise hold for client and server alike. */
export interface Http2Options extends MessageOptions, FlowOptions, KeepaliveOptions, ClientOptions {
  /**
   * What speaks HTTP/2 below: `h2Sessions()` or `nodeHttp2()`.
   * @defaultValue `h2Sessions()`
   */
  readonly session?: SessionEngine;
  /** Told of connections opened, closed and failed, and of limits that were reached. */
  readonly onEvent?: OnEvent;
}

export interface MessageOptions {
  /** The largest message sent or received, in bytes, unpacked. @defaultValue 67,108,864 */
  readonly maxMessageBytes?: number;
  /** What a stream's sends that are not awaited may pile up, in bytes. @defaultValue 16,777,216 */
  readonly maxSendBufferBytes?: number;
  /**
   * Compresses messages with gzip: a client those of its requests, a server those of its answers to clients that take it. It
   * is done at once and on the thread of the program: worth it for large texts over slow networks.
   * @defaultValue false
   */
  readonly sendsGzip?: boolean;
  /** Client: tells servers that they may compress their answers with gzip. A server always reads it. @defaultValue false */
  readonly acceptsGzip?: boolean;
}

export interface FlowOptions {
  /** What a peer may send on a stream before the application has taken any of it, in bytes, from 65,535. @defaultValue 262,144 */
  readonly streamWindowBytes?: number;
  /** What a peer may send on all streams of a connection together, in bytes. @defaultValue 1,048,576 */
  readonly connectionWindowBytes?: number;
  /**
   * How far both windows grow when they hold the sender up, for streams that are read as fast as their data comes, in bytes.
   * `streamWindowBytes` keeps them as they are.
   * @defaultValue 4,194,304
   */
  readonly maxWindowBytes?: number;
  /** Server: streams of one connection at once; more are refused, and a client's opens wait. @defaultValue 1,000 */
  readonly maxConcurrentStreams?: number;
  /** The largest header or trailer section received, counted as in RFC 9113, 6.5.2, in bytes. @defaultValue 131,072 */
  readonly maxHeaderListBytes?: number;
}

export interface KeepaliveOptions {
  /**
   * After how long a silence a PING asks whether the peer is there, in milliseconds: 0 for never, or from 300,000. A Kitex
   * server (v0.16.3 `keepalive.go`) closes a connection whose client asks more often, at the third time.
   * @defaultValue 0
   */
  readonly keepaliveIntervalMs?: number;
  /** How long the peer may take to answer it, in milliseconds. @defaultValue 20,000 */
  readonly keepaliveTimeoutMs?: number;
  /** Asks also while no stream is open; then from 7,200,000 milliseconds, for the same reason. @defaultValue false */
  readonly keepaliveWithoutStreams?: boolean;
}

export interface ClientOptions {
  /** Connections to each address over which streams are spread, 1 to 1,000. @defaultValue 1 */
  readonly connectionsPerAddress?: number;
  /**
   * Streams to one address that may wait for a connection, or for the server to take more streams, 0 to 1,000,000; one more
   * fails with `resource_exhausted`.
   * @defaultValue 1,000
   */
  readonly maxPendingOpens?: number;
  /** Limit for connecting, in milliseconds. @defaultValue 1,000 */
  readonly connectTimeoutMs?: number;
  /** A connection without streams for this time is closed, in milliseconds. @defaultValue 60,000 */
  readonly idleTimeoutMs?: number;
  /**
   * After a failure to connect, the address is not tried again for this time, in milliseconds; it doubles, with some chance
   * in it, up to `maxReconnectDelayMs` with every further failure. Opens fail at once meanwhile.
   * @defaultValue 50
   */
  readonly minReconnectDelayMs?: number;
  /** @defaultValue 5,000 */
  readonly maxReconnectDelayMs?: number;
  /**
   * How long the stream of a oneway call is kept for a server that does not end it, in milliseconds; a deadline that comes
   * before counts. It is reset then, which cancels a handler that still runs. A Kitex server (v0.16.3) never answers one.
   * @defaultValue 60,000
   */
  readonly onewayTimeoutMs?: number;
  /** What is asked for in `:authority`; Kitex puts the name of the destination service there. @defaultValue host and port */
  readonly destination?: string;
  /** Connects with TLS; as `node:tls` takes it, with `cert` and `key` for mutual TLS. A server's TLS is its listener's. */
  readonly tls?: ConnectionOptions;
}

/** Options with the defaults filled in. */
export interface ResolvedOptions {
  readonly engine: SessionEngine;
  readonly settings: SessionSettings;
  readonly maxMessageBytes: number;
  readonly maxSendBufferBytes: number;
  readonly sendsGzip: boolean;
  readonly acceptsGzip: boolean;
  readonly connectionsPerAddress: number;
  readonly maxPendingOpens: number;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly minReconnectDelayMs: number;
  readonly maxReconnectDelayMs: number;
  readonly onewayTimeoutMs: number;
  readonly destination: string | undefined;
  readonly tls: ConnectionOptions | undefined;
  readonly onEvent: OnEvent;
}

const maxTimeMs = 0x7fffffff;
const maxSize = 0x7fffffff;
/** Below it a Kitex server takes PINGs for abuse, and below the second while no stream is open. */
const minKeepaliveMs = 300_000;
const minIdleKeepaliveMs = 7_200_000;

/** @throws RpcError `invalid_argument` when an option is outside its range. */
export function resolveOptions(options: Http2Options): ResolvedOptions {
  const number = (name: keyof Http2Options, fallback: number, min: number, max: number): number => {
    const value = (options[name] as number | undefined) ?? fallback;
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new RpcError(
      "invalid_argument",
      `${name} is ${value}; expected a whole number from ${min} to ${max}`,
    );
  };
  const streamWindowBytes = number("streamWindowBytes", 256 * 1024, 65_535, maxSize);
  const keepaliveIntervalMs =
    options.keepaliveIntervalMs === 0 ? 0 : number("keepaliveIntervalMs", 0, 0, maxTimeMs);
  const minIntervalMs = options.keepaliveWithoutStreams === true ? minIdleKeepaliveMs : minKeepaliveMs;
  if (keepaliveIntervalMs > 0 && keepaliveIntervalMs < minIntervalMs) {
    const when = minIntervalMs === minIdleKeepaliveMs ? " with keepaliveWithoutStreams" : "";
    throw new RpcError(
      "invalid_argument",
      `keepaliveIntervalMs is ${keepaliveIntervalMs}; expected 0 for never, or from ${minIntervalMs}${when}: servers close connections that ask more often`,
    );
  }
  return {
    engine: options.session ?? h2Sessions(),
    settings: {
      streamWindowBytes,
      connectionWindowBytes: number(
        "connectionWindowBytes",
        Math.max(1024 * 1024, streamWindowBytes),
        65_535,
        maxSize,
      ),
      maxWindowBytes: number("maxWindowBytes", Math.max(4 * 1024 * 1024, streamWindowBytes), 65_535, maxSize),
      maxConcurrentStreams: number("maxConcurrentStreams", 1000, 1, maxSize),
      maxHeaderListBytes: number("maxHeaderListBytes", 128 * 1024, 4096, 16 * 1024 * 1024),
      keepaliveIntervalMs,
      keepaliveTimeoutMs: number("keepaliveTimeoutMs", 20_000, 1, maxTimeMs),
      keepaliveWithoutStreams: options.keepaliveWithoutStreams ?? false,
    },
    maxMessageBytes: number("maxMessageBytes", 64 * 1024 * 1024, 0, maxSize),
    maxSendBufferBytes: number("maxSendBufferBytes", 16 * 1024 * 1024, 0, maxSize),
    sendsGzip: options.sendsGzip ?? false,
    acceptsGzip: options.acceptsGzip ?? false,
    connectionsPerAddress: number("connectionsPerAddress", 1, 1, 1000),
    maxPendingOpens: number("maxPendingOpens", 1000, 0, 1_000_000),
    connectTimeoutMs: number("connectTimeoutMs", 1000, 1, maxTimeMs),
    idleTimeoutMs: number("idleTimeoutMs", 60_000, 1, maxTimeMs),
    minReconnectDelayMs: number("minReconnectDelayMs", 50, 0, maxTimeMs),
    maxReconnectDelayMs: number("maxReconnectDelayMs", 5000, 0, maxTimeMs),
    onewayTimeoutMs: number("onewayTimeoutMs", 60_000, 1, maxTimeMs),
    destination: options.destination,
    tls: options.tls,
    onEvent: quiet(options.onEvent),
  };
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
