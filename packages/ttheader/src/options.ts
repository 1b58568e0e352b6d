import { type FrameLimits, type ResolvedFrameLimits, resolveLimits, wholeOption } from "./limits.ts";

/** What can be set on the streams of a connection, whatever it runs over. */
export interface SessionOptions extends FrameLimits {
  /**
   * Whether to speak to other Slipstream peers of what Kitex has no words for: credit, drain, and what the side entry
   * carries. Off for proxies that cannot stand frames of stream 0.
   * @defaultValue true
   */
  readonly extensions?: boolean | undefined;
  /**
   * Credit that a Slipstream peer gets for each stream and direction, in bytes, at least 65,536.
   * @defaultValue 262,144 (256 KiB)
   */
  readonly streamWindowBytes?: number | undefined;
  /**
   * Up to here the credit of a stream grows, in bytes, while its messages are taken faster than they come. When they have
   * to wait, later credit is `streamWindowBytes` again. Beyond `streamWindowBytes` all streams of a connection together
   * have at most four times what one may have. Never above `maxUnreadBytes`; `streamWindowBytes` or less: it does not grow.
   * Not in browsers, where credit stays what it was.
   * @defaultValue 4,194,304 (4 MiB)
   */
  readonly maxStreamWindowBytes?: number | undefined;
  /**
   * Towards a peer without credit (Kitex): unread bytes of one stream, beyond which the connection reads no more.
   * @defaultValue 4,194,304 (4 MiB)
   */
  readonly maxUnreadBytes?: number | undefined;
  /**
   * How long a stream may keep its connection from reading, in milliseconds, without taking a single message: it is then
   * ended with `resource_exhausted`.
   * @defaultValue 30,000
   */
  readonly stalledStreamTimeoutMs?: number | undefined;
  /**
   * Bytes that may wait to be sent on one stream, when `send` is not awaited.
   * @defaultValue 16,777,216 (16 MiB)
   */
  readonly maxSendBufferBytes?: number | undefined;
  /**
   * Streams and calls at once on one connection, 1 to 1,000,000.
   * @defaultValue 1,000
   */
  readonly maxStreams?: number | undefined;
  /**
   * Whether a client cancels with an RST frame. Kitex before v0.15 drops the whole connection on it.
   * @defaultValue true
   */
  readonly rst?: boolean | undefined;
  /**
   * After this time without a byte from a Slipstream peer it is asked for a sign of life, in milliseconds; after twice
   * this time the connection counts as lost. 0: never.
   * @defaultValue 0
   */
  readonly heartbeatIntervalMs?: number | undefined;
}

/** Options with the defaults filled in. */
export interface ResolvedSessionOptions {
  readonly limits: ResolvedFrameLimits;
  readonly extensions: boolean;
  readonly streamWindowBytes: number;
  readonly maxStreamWindowBytes: number;
  readonly maxUnreadBytes: number;
  readonly stalledStreamTimeoutMs: number;
  readonly maxSendBufferBytes: number;
  readonly maxStreams: number;
  readonly rst: boolean;
  readonly heartbeatIntervalMs: number;
}

/** @throws RpcError `invalid_argument` when an option is outside its range. */
export function resolveSessionOptions(options: SessionOptions = {}): ResolvedSessionOptions {
  const most = 2 ** 40;
  return {
    limits: resolveLimits(options),
    extensions: options.extensions ?? true,
    streamWindowBytes: wholeOption(options, "streamWindowBytes", 256 * 1024, 64 * 1024, most),
    maxStreamWindowBytes: wholeOption(options, "maxStreamWindowBytes", 4 * 1024 * 1024, 0, most),
    maxUnreadBytes: wholeOption(options, "maxUnreadBytes", 4 * 1024 * 1024, 1, most),
    stalledStreamTimeoutMs: wholeOption(options, "stalledStreamTimeoutMs", 30_000, 1),
    maxSendBufferBytes: wholeOption(options, "maxSendBufferBytes", 16 * 1024 * 1024, 1, most),
    maxStreams: wholeOption(options, "maxStreams", 1000, 1, 1_000_000),
    rst: options.rst ?? true,
    heartbeatIntervalMs: wholeOption(options, "heartbeatIntervalMs", 0, 0, 0x3fffffff),
  };
}
