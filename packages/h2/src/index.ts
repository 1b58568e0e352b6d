export { ErrorCode, errorCodeName, H2Error } from "./error.ts";
export { LimitError } from "./limit-error.ts";
export type { Link, LinkReceiver } from "./link.ts";
export type { RateLimit, SessionOptions } from "./options.ts";
export type { SettingsChange } from "./own-settings.ts";
export type { H2Session } from "./session.ts";
export { createClientSession, createServerSession } from "./session.ts";
export type {
  Field,
  Fields,
  OpenWaiter,
  PeerSettings,
  Session,
  SessionEvent,
  SessionHandler,
  ShutdownOptions,
  Stream,
  StreamClose,
  StreamHandler,
} from "./types.ts";
