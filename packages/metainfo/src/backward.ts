import type { Context } from "./context.ts";
import { type ContextKey, contextKey } from "./context-key.ts";
import { describe, entriesOf, requireString, type StringMap } from "./string-map.ts";
import { wellFormed } from "./text.ts";

/**
 * Backward values travel from a service to its caller. Each end keeps them in a carrier: a box shared by the context it was attached
 * to and all that derive from it, so that a value written deep down is seen above. It is the one thing on a context that changes.
 */
class Carrier {
  /** Made with the first value: most calls have none. */
  values: Map<string, string> | undefined = undefined;

  /** Keys and values in turn. `false` without any, and when their count is odd. */
  store(pairs: readonly string[]): boolean {
    if (pairs.length % 2 !== 0) return false;
    const entries: (readonly [string, string])[] = [];
    for (let i = 0; i < pairs.length; i += 2) entries.push([pairs[i] as string, pairs[i + 1] as string]);
    return this.#storeEntries(entries);
  }

  /** `false` without entries. */
  storeMap(map: StringMap | undefined): boolean {
    return map !== undefined && map !== null && this.#storeEntries([...entriesOf(map)]);
  }

  /** All or nothing: checked before the first is stored. */
  #storeEntries(entries: readonly (readonly [string, string])[]): boolean {
    for (const [key, value] of entries) {
      requireString(key, "the key of a backward value");
      requireString(value, `the backward value of key ${JSON.stringify(key)}`);
    }
    if (entries.length === 0) return false;
    this.values ??= new Map();
    for (const [key, value] of entries) this.values.set(wellFormed(key), wellFormed(value));
    return true;
  }
}

const receivedKey = /* @__PURE__ */ contextKey<Carrier>("slipstream backward values received");
const toSendKey = /* @__PURE__ */ contextKey<Carrier>("slipstream backward values to send");

/**
 * A context that collects what the called service sends back: call with it, then read with `recvBackwardValue`.
 *
 * @returns the same context when it, or one it derives from, has a carrier already. Calls made from one carrier share it, and later replies
 * overwrite equal keys.
 */
export function withBackwardValues(context: Context): Context {
  return attach(context, receivedKey);
}

/** Framework side of a client: stores a received value. Returns `false` when the context has no carrier. */
export function setBackwardValue(context: Context, key: string, value: string): boolean {
  return carrierOf(context, receivedKey)?.store([key, value]) ?? false;
}

/** Framework side of a client: stores received values, given in turn. `false` without a carrier, without values and when their count is odd. */
export function setBackwardValues(context: Context, ...pairs: string[]): boolean {
  return carrierOf(context, receivedKey)?.store(pairs) ?? false;
}

/** Framework side of a client: stores received values. `false` without a carrier and for an empty map. */
export function setBackwardValuesFromMap(context: Context, map: StringMap): boolean {
  return carrierOf(context, receivedKey)?.storeMap(map) ?? false;
}

/** The value that the called service sent back under `key`; `undefined` when there is none, `""` when it is empty. */
export function recvBackwardValue(context: Context, key: string): string | undefined {
  return carrierOf(context, receivedKey)?.values?.get(wellFormed(key));
}

/** A copy of all that the called service sent back. */
export function recvAllBackwardValues(context: Context): Map<string, string> {
  return new Map(carrierOf(context, receivedKey)?.values);
}

/** @deprecated Another name of `recvBackwardValue`. */
export function getBackwardValue(context: Context, key: string): string | undefined {
  return recvBackwardValue(context, key);
}

/** @deprecated Another name of `recvAllBackwardValues`. */
export function getAllBackwardValues(context: Context): Map<string, string> {
  return recvAllBackwardValues(context);
}

/**
 * Framework side of a server: a context that collects what the handler sends back.
 *
 * @returns the same context when it, or one it derives from, has such a carrier already.
 */
export function withBackwardValuesToSend(context: Context): Context {
  return attach(context, toSendKey);
}

/**
 * In a handler: sends a value back to the caller, with the reply. Returns `false`, and sends nothing, where there is no way
 * back: outside of handlers, and on streams, which have header and trailer for it.
 */
export function sendBackwardValue(context: Context, key: string, value: string): boolean {
  return carrierOf(context, toSendKey)?.store([key, value]) ?? false;
}

/** `sendBackwardValue` for several, given in turn. `false` also without values and when their count is odd. */
export function sendBackwardValues(context: Context, ...pairs: string[]): boolean {
  return carrierOf(context, toSendKey)?.store(pairs) ?? false;
}

/** `sendBackwardValue` for all entries of a map. `false` also for an empty map. */
export function sendBackwardValuesFromMap(context: Context, map: StringMap): boolean {
  return carrierOf(context, toSendKey)?.storeMap(map) ?? false;
}

/** What was stored to be sent back under `key`. */
export function getBackwardValueToSend(context: Context, key: string): string | undefined {
  return carrierOf(context, toSendKey)?.values?.get(wellFormed(key));
}

/** Framework side of a server: whether there is anything to be sent back. */
export function hasBackwardValuesToSend(context: Context): boolean {
  return (carrierOf(context, toSendKey)?.values?.size ?? 0) > 0;
}

/** Framework side of a server: a copy of all that is to be sent back, read when the reply is written. */
export function allBackwardValuesToSend(context: Context): Map<string, string> {
  return new Map(carrierOf(context, toSendKey)?.values);
}

function carrierOf(context: Context, key: ContextKey<Carrier>): Carrier | undefined {
  if (context === undefined || context === null) {
    throw new TypeError(`backward values need a Context, got ${describe(context)}`);
  }
  return context.getValue(key);
}

function attach(context: Context, key: ContextKey<Carrier>): Context {
  return carrierOf(context, key) === undefined ? context.setValue(key, new Carrier()) : context;
}
