export type { Authenticated, WebSocketServerOptions } from "./server-options.ts";
export { type WebSocketServerTransport, websocketServer } from "./websocket-server.ts";
