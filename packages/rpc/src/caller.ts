import { type ContextKey, contextKey } from "@slipstream/metainfo";

/** On a handler's context: whose handler it is, for the calls that it makes. */
export interface Caller {
  readonly service: string;
  readonly method: string;
}

export const callerKey: ContextKey<Caller> = contextKey("slipstream.caller");
