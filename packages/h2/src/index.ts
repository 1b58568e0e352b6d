export { createClientSession, createServerSession } from "./create-session.ts";
export { ErrorCode, errorCodeName, H2Error } from "./error.ts";
export { LimitError } from "./limit-error.ts";
export type { Link, LinkReceiver } from "./link.ts";
export type { RateLimit, SessionOptions } from "./options.ts";
export type {
  Field,
  Fields,
  H2Session,
  OpenWaiter,
  PeerSettings,
  Session,
  SessionEvent,
  SessionHandler,
  SettingsChange,
  ShutdownOptions,
  Stream,
  StreamClose,
  StreamHandler,
} from "./types.ts";
