export { kitexUnavailable } from "./build.ts";
export type {
  Call,
  CallRecord,
  Failure,
  ManyOutcome,
  Message,
  Outcome,
  Protocol,
  Step,
} from "./calls.ts";
export type { KitexServerOptions, Stage } from "./kitex.ts";
export { type KitexPeer, type KitexServer, startKitexDriver, startKitexServer } from "./kitex.ts";
