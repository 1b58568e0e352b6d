import type { Context } from "./context.ts";
import { contextKey } from "./context-key.ts";
import { Metadata } from "./metadata.ts";
import type { MetadataValue } from "./metadata-values.ts";

const incomingKey = /* @__PURE__ */ contextKey<Metadata>("slipstream metadata incoming");
const outgoingKey = /* @__PURE__ */ contextKey<Metadata>("slipstream metadata outgoing");

/** Framework side of a server: `context` with the metadata that came with the call, by reference. */
export function newIncomingContext(context: Context, metadata: Metadata): Context {
  return context.setValue(incomingKey, metadata);
}

/** In a handler: the metadata that came with the call, to be read only; `undefined` outside of handlers. It is never passed on by itself. */
export function fromIncomingContext(context: Context): Metadata | undefined {
  return context.getValue(incomingKey);
}

/** `context` with a copy of `metadata` for calls made with it. It replaces all that was set or appended before. */
export function newOutgoingContext(context: Context, metadata: Metadata): Context {
  return context.setValue(outgoingKey, metadata.clone());
}

/**
 * `context` with more metadata for calls made with it: names and values in turn.
 *
 * @throws RangeError when the number of arguments is odd; TypeError as `Metadata.append` does.
 */
export function appendToOutgoingContext(context: Context, ...pairs: MetadataValue[]): Context {
  const appended = Metadata.pairs(...pairs);
  return context.setValue(outgoingKey, Metadata.join(context.getValue(outgoingKey), appended));
}

/** A fresh copy of the metadata that calls made with `context` send; `undefined` when none was set. */
export function fromOutgoingContext(context: Context): Metadata | undefined {
  return context.getValue(outgoingKey)?.clone();
}
