export { h2Sessions } from "./h2-sessions.ts";
export type { Http2Transport } from "./http2.ts";
export { http2 } from "./http2.ts";
export { nodeHttp2 } from "./node-http2/node-http2.ts";
export type {
  ClientOptions,
  FlowOptions,
  Http2Options,
  KeepaliveOptions,
  MessageOptions,
} from "./options.ts";
export type { SessionEngine, SessionSettings } from "./session-engine.ts";
