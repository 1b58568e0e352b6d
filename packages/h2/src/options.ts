/** How many of something a peer may cause: `burst` at once, and `perSecond` for as long as it likes. */
export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** Options of a session. Sizes are bytes; a time of 0 means no limit. */
export interface SessionOptions {
  /**
   * How much a peer may send on a stream before the application has taken any of it.
   * @defaultValue 262144
   */
  readonly streamWindowBytes?: number;
  /**
   * How much a peer may send on all streams together before it hears from us.
   * @defaultValue 1048576, and never less than `streamWindowBytes`
   */
  readonly connectionWindowBytes?: number;
  /**
   * How far both windows may grow when they hold the sender up: when measurements by PING say so, or when they are used up within a few milliseconds. Only
   * those of streams whose application reads as fast as data comes do. Nothing is measured when this is not more than `streamWindowBytes`.
   * @defaultValue 4194304
   */
  readonly maxWindowBytes?: number;
  /**
   * How much may lie unread in all streams together. Up to here a slow reader stops its own sender and nobody else's; beyond, everyone's.
   * @defaultValue 16777216
   */
  readonly maxUnreadBytes?: number;

  /**
   * The longest frame that we accept (RFC 9113, 6.5.2: 16384 to 16777215).
   * @defaultValue 131072
   */
  readonly maxFrameBytes?: number;
  /**
   * The longest DATA frame that we send, if the peer accepts it. Longer ones cost less, and let the streams of a connection wait longer for each other.
   * @defaultValue 131072
   */
  readonly maxSendFrameBytes?: number;

  /**
   * Streams that the peer may have open at once. Others are refused.
   * @defaultValue 1000
   */
  readonly maxConcurrentStreams?: number;
  /**
   * Streams that a client opens in the life of a connection. After the last it is not usable any more.
   * @defaultValue 1073741824, all ids
   */
  readonly maxStreams?: number;
  /**
   * The largest header or trailer section, counted as in RFC 9113, 6.5.2. The stream of a larger one fails.
   * @defaultValue 65536
   */
  readonly maxHeaderListBytes?: number;
  /**
   * The largest compressed section, in its frames. The connection of a larger one fails, since it would have to be read to go on.
   * @defaultValue 262144, and never less than `maxHeaderListBytes`
   */
  readonly maxHeaderBlockBytes?: number;
  /**
   * CONTINUATION frames of one section.
   * @defaultValue 64
   */
  readonly maxContinuationFrames?: number;
  /**
   * The table that the peer may compress with, and the largest that we use, each counted as in RFC 7541, 4.1. Peers of other makes mostly say 4096.
   * @defaultValue 16384, enough for some 250 fields
   */
  readonly headerTableBytes?: number;

  /**
   * Streams that the peer resets before we have answered them, and those that it makes us reset or refuse by breaking a rule ("rapid reset" in both forms).
   * @defaultValue 5000, 1000 a second
   */
  readonly resetRate?: RateLimit;
  /**
   * PING frames. Every frame that we send allows one more, since peers measure by them what they receive.
   * @defaultValue 1000, 100 a second
   */
  readonly pingRate?: RateLimit;
  /** @defaultValue 100, 10 a second */
  readonly settingsRate?: RateLimit;
  /**
   * WINDOW_UPDATE frames. Every 256 bytes that we send allow one more, and every frame four.
   * @defaultValue 10000, 1000 a second
   */
  readonly windowUpdateRate?: RateLimit;
  /**
   * Frames that ask for work and move nothing: DATA without content that does not end its stream, PRIORITY, frames of unknown type, frames of streams that
   * are over, interim responses.
   * @defaultValue 1000, 100 a second
   */
  readonly uselessFrameRate?: RateLimit;
  /**
   * What we answer (SETTINGS and PING acknowledgements, resets, response headers) while the peer reads nothing. Beyond it nothing more is read either.
   * @defaultValue 262144
   */
  readonly maxUnsentBytes?: number;

  /**
   * From the link's start to the peer's preface and SETTINGS, and for every unfinished header section.
   * @defaultValue 10000
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * Until the peer acknowledges our SETTINGS (RFC 9113, 6.5.3).
   * @defaultValue 10000
   */
  readonly settingsTimeoutMs?: number;
  /**
   * How long a link may take nothing of what we have to send.
   * @defaultValue 60000
   */
  readonly writeTimeoutMs?: number;
  /**
   * How long the peer's windows may hold up a stream's bytes without letting out one.
   * @defaultValue 300000
   */
  readonly stalledStreamTimeoutMs?: number;

  /**
   * After so long without a byte from the peer it is asked for one with a PING. 0: never.
   * @defaultValue 0
   */
  readonly keepaliveIntervalMs?: number;
  /**
   * How long it has to answer.
   * @defaultValue 20000
   */
  readonly keepaliveTimeoutMs?: number;
  /**
   * Ask also while no stream is open.
   * @defaultValue false
   */
  readonly keepaliveWithoutStreams?: boolean;
}

export type ResolvedOptions = Required<SessionOptions>;

const DEFAULTS: ResolvedOptions = {
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 1024 * 1024,
  maxWindowBytes: 4 * 1024 * 1024,
  maxUnreadBytes: 16 * 1024 * 1024,
  maxFrameBytes: 128 * 1024,
  maxSendFrameBytes: 128 * 1024,
  maxConcurrentStreams: 1000,
  maxStreams: 2 ** 30,
  maxHeaderListBytes: 64 * 1024,
  maxHeaderBlockBytes: 256 * 1024,
  maxContinuationFrames: 64,
  headerTableBytes: 16 * 1024,
  resetRate: { burst: 5000, perSecond: 1000 },
  pingRate: { burst: 1000, perSecond: 100 },
  settingsRate: { burst: 100, perSecond: 10 },
  windowUpdateRate: { burst: 10_000, perSecond: 1000 },
  uselessFrameRate: { burst: 1000, perSecond: 100 },
  maxUnsentBytes: 256 * 1024,
  handshakeTimeoutMs: 10_000,
  settingsTimeoutMs: 10_000,
  writeTimeoutMs: 60_000,
  stalledStreamTimeoutMs: 300_000,
  keepaliveIntervalMs: 0,
  keepaliveTimeoutMs: 20_000,
  keepaliveWithoutStreams: false,
};

/** What the wire can say of a setting (RFC 9113, 6.5.2). */
const RANGES: Partial<Record<keyof SessionOptions, readonly [number, number]>> = {
  streamWindowBytes: [1, 0x7fffffff],
  connectionWindowBytes: [65_535, 0x7fffffff],
  maxWindowBytes: [0, 0x7fffffff],
  maxFrameBytes: [16_384, 0xffffff],
  maxSendFrameBytes: [1, 0xffffff],
  headerTableBytes: [0, 0x0fffffff],
  maxConcurrentStreams: [0, 0xffffffff],
  maxHeaderListBytes: [0, 0xffffffff],
};

/** @throws RangeError for a value that is no number or that HTTP/2 cannot express. */
export function resolveOptions(options: SessionOptions): ResolvedOptions {
  const resolved: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const [min, max] = RANGES[name as keyof SessionOptions] ?? [0, Number.MAX_SAFE_INTEGER];
    if (typeof DEFAULTS[name as keyof SessionOptions] === "number" && !(value >= min && value <= max)) {
      throw new RangeError(`option ${name} must be a number from ${min} to ${max}, not ${String(value)}`);
    }
    resolved[name] = value;
  }
  const result = resolved as unknown as ResolvedOptions;
  const connectionWindowBytes = Math.max(result.connectionWindowBytes, result.streamWindowBytes);
  return {
    ...result,
    connectionWindowBytes,
    maxWindowBytes: Math.max(result.maxWindowBytes, result.streamWindowBytes),
    maxUnreadBytes: Math.max(result.maxUnreadBytes, connectionWindowBytes),
    maxHeaderBlockBytes: Math.max(result.maxHeaderBlockBytes, result.maxHeaderListBytes),
  };
}
