// Frames

// Sessions
export { ClientSession } from "./client-session.ts";
export * as Flag from "./format/flag.ts";
export * as FrameKind from "./format/frame-kind.ts";
export * as IntKey from "./format/int-key.ts";
export * as ProtocolId from "./format/protocol-id.ts";
export { ACL_TOKEN_KEY } from "./format.ts";
export type { Frame } from "./frame.ts";
export { decodeFrame } from "./frame.ts";
export type { FrameHeadInit, FrameInit, IntPair, StringPair } from "./frame-encode.ts";
export { encodeFrame } from "./frame-encode.ts";
export type { FrameFault } from "./frame-error.ts";
export { FrameError } from "./frame-error.ts";
export { FrameHead } from "./frame-head.ts";
export type { FrameReceiver, FrameSource, Framing, OversizeFrame } from "./frame-reader.ts";
export { FrameReader, streamFraming } from "./frame-reader.ts";
export type { FrameLimits, ResolvedFrameLimits } from "./limits.ts";
export { resolveLimits, wholeOption } from "./limits.ts";
export type { Lent, Link, LinkReceiver, Outgoing } from "./link.ts";
export { messageFraming } from "./message-framing.ts";
export { mixedFraming } from "./message-scanner.ts";
export type { ResolvedSessionOptions, SessionOptions } from "./options.ts";
export { resolveSessionOptions } from "./options.ts";
export type { Payload, PayloadForm, PingPongForm } from "./payload.ts";
export { readPayload } from "./payload.ts";
export type { SessionPeer } from "./peer.ts";
export type { ServerSessionEvents } from "./server-session.ts";
export { ServerSession } from "./server-session.ts";
export type { ClientSessionEvents } from "./slipstream-client-session.ts";
export { SlipstreamClientSession } from "./slipstream-client-session.ts";
