export type { Listening, ListenOptions } from "./listener.ts";
export type { MetaHandler, ServerOptions } from "./options.ts";
export { type CloseOptions, createServer, type Server } from "./server.ts";
