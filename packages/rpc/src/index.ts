export { callWithTimeout } from "./call-with-timeout.ts";
export { type Client, createClient } from "./client.ts";
export type { ClientOptions, MetainfoPropagation } from "./client-options.ts";
export { roundRobin } from "./targets.ts";
