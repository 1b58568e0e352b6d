export { kitexUnavailable } from "./build.ts";
export type {
  CallRecord,
  KitexCall,
  KitexFailure,
  KitexMessage,
  KitexProtocol,
  ManyOutcome,
  Outcome,
  Step,
} from "./calls.ts";
export type { KitexServerOptions, Stage } from "./kitex.ts";
export { type KitexPeer, type KitexServer, startKitexDriver, startKitexServer } from "./kitex.ts";
