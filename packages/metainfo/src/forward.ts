import type { Context } from "./context.ts";
import { contextKey } from "./context-key.ts";
import { type MutableStringMap, requireString, setEntry } from "./string-map.ts";
import { wellFormed } from "./text.ts";

type Space = ReadonlyMap<string, string>;

/**
 * The metainfo that a context carries towards the services it calls. The maps are shared between contexts and
 * never change: treat them as read-only.
 */
export interface ForwardValues {
  /** Sent on every hop until deleted. */
  readonly persistent: ReadonlyMap<string, string>;
  /** Sent to the next hop only. */
  readonly transient: ReadonlyMap<string, string>;
  /** Received as transient: readable here, not sent again. */
  readonly upstream: ReadonlyMap<string, string>;
}

const empty: Space = new Map<string, string>();

class ForwardNode implements ForwardValues {
  readonly persistent: Space;
  readonly transient: Space;
  readonly upstream: Space;

  constructor(persistent: Space, transient: Space, upstream: Space) {
    this.persistent = persistent;
    this.transient = transient;
    this.upstream = upstream;
  }
}

const nothing = new ForwardNode(empty, empty, empty);
const nodeKey = /* @__PURE__ */ contextKey<ForwardNode>("slipstream metainfo");

function nodeOf(context: Context | undefined): ForwardNode | undefined {
  return context?.getValue(nodeKey);
}

/**
 * All metainfo of `context` at once, without copying: what a framework reads when it serialises a call (`persistent` and `transient`
 * are what travels, once). Empty maps when there is none.
 */
export function forwardValues(context: Context): ForwardValues {
  return nodeOf(context) ?? nothing;
}

/**
 * `context` with `values` put over what it has, each key space by itself; entries with an empty key or value are left out. It
 * is what a framework calls with the metainfo it received, before `transferForward`. The maps pass into the context's possession: do
 * not change them afterwards.
 *
 * @returns the same context when it had no metainfo and none was given.
 */
export function withForwardValues(context: Context, values: Partial<ForwardValues>): Context {
  if (isMissing(context)) return context;
  const node = nodeOf(context) ?? nothing;
  const persistent = merge(node.persistent, values.persistent);
  const transient = merge(node.transient, values.transient);
  const upstream = merge(node.upstream, values.upstream);
  if (persistent.size + transient.size + upstream.size === 0) return context;
  return context.setValue(nodeKey, new ForwardNode(persistent, transient, upstream));
}

function merge(base: Space, added: Space | undefined): Space {
  if (added === undefined || added.size === 0) return base;
  if (base.size === 0 && isClean(added)) return added;
  const merged = new Map(base);
  for (const [key, value] of added) {
    requirePair(key, value);
    if (key !== "" && value !== "") merged.set(wellFormed(key), wellFormed(value));
  }
  return merged;
}

function isClean(space: Space): boolean {
  for (const [key, value] of space) {
    requirePair(key, value);
    if (key === "" || value === "" || wellFormed(key) !== key || wellFormed(value) !== value) return false;
  }
  return true;
}

/**
 * `context` with a transient value: it reaches the next service and no further. A key that was received (upstream) becomes
 * transient again, even with an equal value: that is how a service makes it travel on.
 *
 * @returns the same context when key or value is empty, or the transient value is already that.
 */
export function withValue(context: Context, key: string, value: string): Context {
  requirePair(key, value);
  if (isMissing(context) || key === "" || value === "") return context;
  const node = nodeOf(context) ?? nothing;
  const pair = [wellFormed(key), wellFormed(value)] as const;
  if (!node.upstream.has(pair[0]) && node.transient.get(pair[0]) === pair[1]) return context;
  return context.setValue(nodeKey, putTransient(node, pair));
}

/**
 * `withValue` for several: `withValues(context, "a", "1", "b", "2")`. Pairs with an empty key or value are skipped.
 *
 * @returns a new context, unless no pair is given.
 * @throws RangeError when the number of arguments is odd.
 */
export function withValues(context: Context, ...pairs: string[]): Context {
  return putAll(context, "withValues", pairs, putTransient);
}

/**
 * `context` with a persistent value: it reaches every later service, until one deletes it.
 *
 * @returns the same context when key or value is empty, or the persistent value is already that.
 */
export function withPersistentValue(context: Context, key: string, value: string): Context {
  requirePair(key, value);
  if (isMissing(context) || key === "" || value === "") return context;
  const node = nodeOf(context) ?? nothing;
  const pair = [wellFormed(key), wellFormed(value)] as const;
  if (node.persistent.get(pair[0]) === pair[1]) return context;
  return context.setValue(nodeKey, putPersistent(node, pair));
}

/** `withPersistentValue` for several; otherwise as `withValues`. */
export function withPersistentValues(context: Context, ...pairs: string[]): Context {
  return putAll(context, "withPersistentValues", pairs, putPersistent);
}

/** `context` without `key` among its transient and received (upstream) values; the same context when it is not there. */
export function delValue(context: Context, key: string): Context {
  const node = nodeOf(context);
  const name = wellFormed(key);
  if (node === undefined || !(node.transient.has(name) || node.upstream.has(name))) return context;
  return context.setValue(
    nodeKey,
    new ForwardNode(node.persistent, without(node.transient, [name]), without(node.upstream, [name])),
  );
}

/** `context` without `key` among its persistent values; the same context when it is not there. */
export function delPersistentValue(context: Context, key: string): Context {
  const node = nodeOf(context);
  const name = wellFormed(key);
  if (node === undefined || !node.persistent.has(name)) return context;
  return context.setValue(
    nodeKey,
    new ForwardNode(without(node.persistent, [name]), node.transient, node.upstream),
  );
}

/** The transient value of `key`, else the received (upstream) one, else `undefined`. */
export function getValue(context: Context, key: string): string | undefined {
  const node = nodeOf(context);
  if (node === undefined) return undefined;
  const name = wellFormed(key);
  return node.transient.get(name) ?? node.upstream.get(name);
}

/** The persistent value of `key`, or `undefined`. */
export function getPersistentValue(context: Context, key: string): string | undefined {
  return nodeOf(context)?.persistent.get(wellFormed(key));
}

/** A fresh map of all transient and received (upstream) values; a transient one wins over a received one of the same key. */
export function getAllValues(context: Context): Map<string, string> {
  const node = nodeOf(context);
  if (node === undefined) return new Map();
  const all = new Map(node.upstream);
  for (const [key, value] of node.transient) all.set(key, value);
  return all;
}

/** A fresh map of all persistent values. */
export function getAllPersistentValues(context: Context): Map<string, string> {
  return new Map(nodeOf(context)?.persistent);
}

/** Writes what `getValue` finds for each of `keys` into `map`; keys that are absent leave it as it is. */
export function getValueToMap(context: Context, map: MutableStringMap, ...keys: string[]): void {
  if (map === undefined || map === null) return;
  for (const key of keys) {
    const value = getValue(context, key);
    if (value !== undefined) setEntry(map, key, value);
  }
}

/**
 * Visits the received (upstream) values, then the transient ones, until `visit` returns `false`. A key that is in both is visited twice,
 * with the value that wins last.
 */
export function rangeValues(context: Context, visit: (key: string, value: string) => boolean | void): void {
  const node = nodeOf(context);
  if (node === undefined) return;
  for (const [key, value] of node.upstream) if (visit(key, value) === false) return;
  for (const [key, value] of node.transient) if (visit(key, value) === false) return;
}

/** Visits the persistent values until `visit` returns `false`. */
export function rangePersistentValues(
  context: Context,
  visit: (key: string, value: string) => boolean | void,
): void {
  const node = nodeOf(context);
  if (node === undefined) return;
  for (const [key, value] of node.persistent) if (visit(key, value) === false) return;
}

/** The number of transient plus received (upstream) values; a key in both counts twice. */
export function countValues(context: Context): number {
  const node = nodeOf(context);
  return node === undefined ? 0 : node.upstream.size + node.transient.size;
}

/** The number of persistent values. */
export function countPersistentValues(context: Context): number {
  return nodeOf(context)?.persistent.size ?? 0;
}

/**
 * What happens to metainfo between two services: transient values become upstream, what was upstream is gone, persistent values stay. A
 * framework calls it on what it received, before user code runs.
 *
 * @returns a new context, or the same one when it never had metainfo.
 */
export function transferForward(context: Context): Context {
  const node = nodeOf(context);
  if (node === undefined) return context;
  return context.setValue(nodeKey, new ForwardNode(node.persistent, empty, node.transient));
}

/** Whether `context` carries metainfo; it stays true when the last value was deleted. */
export function hasMetaInfo(context: Context): boolean {
  return nodeOf(context) !== undefined;
}

/** Keys and values in turn. */
type Pairs = readonly string[];

function putTransient(node: ForwardNode, pairs: Pairs): ForwardNode {
  const transient = put(node.transient, pairs);
  const keys = pairs.filter((_, i) => i % 2 === 0);
  return new ForwardNode(node.persistent, transient, without(node.upstream, keys));
}

function putPersistent(node: ForwardNode, pairs: Pairs): ForwardNode {
  return new ForwardNode(put(node.persistent, pairs), node.transient, node.upstream);
}

function put(space: Space, pairs: Pairs): Space {
  const result = new Map(space);
  for (let i = 0; i < pairs.length; i += 2) result.set(pairs[i] as string, pairs[i + 1] as string);
  return result;
}

function putAll(
  context: Context,
  name: string,
  strings: Pairs,
  putPairs: (node: ForwardNode, pairs: Pairs) => ForwardNode,
): Context {
  if (strings.length % 2 !== 0) {
    throw new RangeError(
      `${name} takes keys and values in turn, so their count must be even, got ${strings.length}`,
    );
  }
  if (isMissing(context) || strings.length === 0) return context;
  const pairs: string[] = [];
  for (let i = 0; i < strings.length; i += 2) {
    const key = strings[i] as string;
    const value = strings[i + 1] as string;
    requirePair(key, value);
    if (key !== "" && value !== "") pairs.push(wellFormed(key), wellFormed(value));
  }
  return context.setValue(nodeKey, putPairs(nodeOf(context) ?? nothing, pairs));
}

/** From JavaScript, a context may be missing: then there is nothing to read and nothing to change. */
function isMissing(context: Context | null | undefined): boolean {
  return context === undefined || context === null;
}

function requirePair(key: string, value: string): void {
  // Nearly always; the texts of errors are not made for nothing.
  if (typeof key === "string" && typeof value === "string") return;
  requireString(key, "a metainfo key");
  requireString(value, `the value of metainfo key ${JSON.stringify(key)}`);
}

function without(space: Space, keys: readonly string[]): Space {
  if (!keys.some((key) => space.has(key))) return space;
  const rest = new Map(space);
  for (const key of keys) rest.delete(key);
  return rest;
}
