export type {
  Call,
  Callee,
  Caller,
  CallRecord,
  Failure,
  ManyOutcome,
  Message,
  Outcome,
  Protocol,
  Stage,
  Step,
} from "./calls.ts";
export { ControlledProcess } from "./control.ts";
export type { KitexServerOptions } from "./kitex.ts";
export { type KitexPeer, type KitexServer, startKitexDriver, startKitexServer } from "./kitex.ts";
export { buildKitexProgram, type KitexProgram, kitexUnavailable } from "./kitex-program.ts";
export { type Passage, type RecordingProxy, startRecordingProxy } from "./proxy.ts";
