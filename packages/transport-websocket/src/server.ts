export {
  type MountedWebSocketOptions,
  type MountedWebSocketTransport,
  mountedWebsocket,
} from "./server/mounted-websocket.ts";
export type { Authenticated, EndpointOptions, WebSocketServerOptions } from "./server/options.ts";
export { type WebSocketServerTransport, websocketServer } from "./server/websocket-server.ts";
