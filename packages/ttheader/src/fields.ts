import {
  decodeSideEntry,
  encodeSideEntry,
  type Field,
  type Fields,
  isHiddenName,
  noFields,
  type SideEntry,
} from "@slipstream/stream";
import type { StringPair } from "./frame-encode.ts";
import type { FrameHead } from "./frame-head.ts";

/** The pair that carries what the native ones cannot: see `SideEntry`. */
export const SIDE_ENTRY_KEY = "slipstream-meta";

/**
 * A header or trailer as string pairs: text under its own name, and, for a Slipstream peer alone, the side entry when
 * the pairs cannot carry it exactly (bytes, repeated names, names that a reader hides). A Kitex peer shows every pair to
 * its user, so to it nothing is added.
 */
export function fieldsToPairs(fields: Fields, isSlipstream: boolean): StringPair[] {
  const native = new Map<string, string>();
  let isExact = true;
  for (const [name, value] of fields) {
    if (typeof value !== "string" || native.has(name) || isHiddenName(name)) isExact = false;
    if (typeof value === "string") native.set(name, value);
  }
  const pairs: StringPair[] = [...native];
  if (!isExact && isSlipstream) pairs.push([SIDE_ENTRY_KEY, encodeSideEntry({ fields })]);
  return pairs;
}

/** The pairs of a received HEADER or TRAILER, as they came and as the user sees them. */
export interface ReceivedFields {
  readonly pairs: ReadonlyMap<string, string> | undefined;
  readonly fields: Fields;
}

const nothing: ReceivedFields = { pairs: undefined, fields: noFields };

/** @throws RpcError `internal` when the side entry is malformed. */
export function readFields(head: FrameHead): ReceivedFields {
  const pairs = head.hasPairs ? head.strings() : undefined;
  if (pairs === undefined) return nothing;
  return { pairs, fields: readSideEntry(pairs, SIDE_ENTRY_KEY).fields ?? nativeFields(pairs) };
}

/** The side entry under `key`; an empty one when there is none. */
export function readSideEntry(pairs: ReadonlyMap<string, string> | undefined, key: string): SideEntry {
  const text = pairs?.get(key);
  return text === undefined ? {} : decodeSideEntry(text);
}

/** All pairs that the framework does not keep for itself. */
export function nativeFields(pairs: ReadonlyMap<string, string>): Fields {
  const fields: Field[] = [];
  for (const pair of pairs) if (!isHiddenName(pair[0])) fields.push(pair);
  return fields;
}
