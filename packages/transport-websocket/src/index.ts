export type { ConnectionState, StateChange, WebSocketOptions } from "./client-options.ts";
export type { NodeOptions } from "./dial.ts";
export type { StreamLimits } from "./options.ts";
export { subprotocol } from "./subprotocol.ts";
export { type WebSocketTransport, websocket } from "./websocket.ts";
