import { ErrorCode, H2Error } from "./error.ts";
import { getUint32, MAX_31_BITS, MAX_MAX_FRAME_SIZE, MIN_MAX_FRAME_SIZE, putUint32 } from "./frame.ts";
import type { PeerSettings } from "./types.ts";

/** RFC 9113, 6.5.2. */
const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

/** The window of a stream, and of a connection, before anything is said (RFC 9113, 6.9.2). */
export const DEFAULT_WINDOW = 65_535;

/** What we say; what is left out stays as it was. */
export interface LocalSettings {
  readonly headerTableSize?: number;
  readonly enablePush?: boolean;
  readonly maxConcurrentStreams?: number;
  readonly initialWindowSize?: number;
  readonly maxFrameSize?: number;
  readonly maxHeaderListSize?: number;
}

const FIELDS: readonly (readonly [keyof LocalSettings, number])[] = [
  ["headerTableSize", Setting.HEADER_TABLE_SIZE],
  ["enablePush", Setting.ENABLE_PUSH],
  ["maxConcurrentStreams", Setting.MAX_CONCURRENT_STREAMS],
  ["initialWindowSize", Setting.INITIAL_WINDOW_SIZE],
  ["maxFrameSize", Setting.MAX_FRAME_SIZE],
  ["maxHeaderListSize", Setting.MAX_HEADER_LIST_SIZE],
];

/** The payload of a SETTINGS frame. */
export function settingsPayload(settings: LocalSettings): Uint8Array {
  const present = FIELDS.filter(([field]) => settings[field] !== undefined);
  const payload = new Uint8Array(present.length * 6);
  for (const [i, [field, id]] of present.entries()) {
    payload[i * 6 + 1] = id;
    putUint32(payload, i * 6 + 2, Number(settings[field]));
  }
  return payload;
}

/** Before the peer says anything. */
export const DEFAULT_PEER_SETTINGS: PeerSettings = {
  headerTableSize: 4096,
  enablePush: true,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowSize: DEFAULT_WINDOW,
  maxFrameSize: MIN_MAX_FRAME_SIZE,
  maxHeaderListSize: Number.POSITIVE_INFINITY,
};

/**
 * `before` with what the payload changes; the last value of each setting counts, and unknown ones are ignored (RFC 9113, 6.5.3).
 *
 * @throws H2Error for a value that RFC 9113, 6.5.2 forbids.
 */
export function changedSettings(
  before: PeerSettings,
  payload: Uint8Array,
  start: number,
  end: number,
  isFromServer: boolean,
): PeerSettings {
  const settings: { -readonly [K in keyof PeerSettings]: PeerSettings[K] } = { ...before };
  for (let at = start; at < end; at += 6) {
    const value = getUint32(payload, at + 2);
    switch (((payload[at] as number) << 8) | (payload[at + 1] as number)) {
      case Setting.HEADER_TABLE_SIZE:
        settings.headerTableSize = value;
        break;
      case Setting.ENABLE_PUSH:
        if (value > 1 || (isFromServer && value === 1)) refuse("ENABLE_PUSH", value);
        settings.enablePush = value === 1;
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        settings.maxConcurrentStreams = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > MAX_31_BITS) refuse("INITIAL_WINDOW_SIZE", value, ErrorCode.FLOW_CONTROL_ERROR);
        settings.initialWindowSize = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        if (value < MIN_MAX_FRAME_SIZE || value > MAX_MAX_FRAME_SIZE) refuse("MAX_FRAME_SIZE", value);
        settings.maxFrameSize = value;
        break;
      case Setting.MAX_HEADER_LIST_SIZE:
        settings.maxHeaderListSize = value;
        break;
    }
  }
  return settings;
}

function refuse(name: string, value: number, code: number = ErrorCode.PROTOCOL_ERROR): never {
  throw new H2Error(code, `SETTINGS_${name} cannot be ${value} (RFC 9113, 6.5.2)`);
}
