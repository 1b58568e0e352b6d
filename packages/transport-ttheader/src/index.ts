export type { PingPongForm } from "@slipstream/ttheader";
export type { ConnectionMode, TtheaderOptions } from "./options.ts";
export type { TtheaderTransport } from "./ttheader.ts";
export { ttheader } from "./ttheader.ts";
