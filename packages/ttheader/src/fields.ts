import {
  decodeSideEntry,
  encodeSideEntry,
  type Field,
  type Fields,
  isHiddenName,
  noFields,
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

/** The pairs of a received HEADER or TRAILER, as the user sees them and as the framework needs them. */
export interface ReceivedFields {
  readonly fields: Fields;
  readonly bizStatus: string | undefined;
  readonly bizMessage: string | undefined;
  readonly bizExtra: string | undefined;
}

const nothing: ReceivedFields = {
  fields: noFields,
  bizStatus: undefined,
  bizMessage: undefined,
  bizExtra: undefined,
};

/** @throws RpcError `internal` when the side entry is malformed. */
export function readFields(head: FrameHead): ReceivedFields {
  const pairs = head.hasPairs ? head.strings() : undefined;
  if (pairs === undefined) return nothing;
  const side = pairs.get(SIDE_ENTRY_KEY);
  return {
    fields: (side === undefined ? undefined : decodeSideEntry(side).fields) ?? nativeFields(pairs),
    bizStatus: pairs.get("biz-status"),
    bizMessage: pairs.get("biz-message"),
    bizExtra: pairs.get("biz-extra"),
  };
}

function nativeFields(pairs: ReadonlyMap<string, string>): Fields {
  const fields: Field[] = [];
  for (const pair of pairs) if (!isHiddenName(pair[0])) fields.push(pair);
  return fields;
}
