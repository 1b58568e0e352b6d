import type { Context } from "./context.ts";
import { forwardValues, withForwardValues } from "./forward.ts";
import { PREFIX_PERSISTENT, PREFIX_TRANSIENT, PREFIX_TRANSIENT_UPSTREAM } from "./prefixes.ts";
import { entriesOf, type MutableStringMap, type StringMap, setEntry } from "./string-map.ts";

/**
 * `context` with the metainfo found in `map` under `RPC_TRANSIT_UPSTREAM_`, `RPC_TRANSIT_` and `RPC_PERSIST_` put over what it has, each
 * key space by itself. Other keys, and entries with an empty key or value, are ignored. It does not call `transferForward`.
 *
 * @returns the same context when the map is missing or empty, or when neither of them has any metainfo.
 */
export function setMetaInfoFromMap(context: Context, map: StringMap | undefined): Context {
  if (context === undefined || context === null || map === undefined || map === null) return context;
  const persistent = new Map<string, string>();
  const transient = new Map<string, string>();
  const upstream = new Map<string, string>();
  let isEmpty = true;
  for (const [name, value] of entriesOf(map)) {
    isEmpty = false;
    // The longer prefix first: it begins with the shorter one.
    if (name.startsWith(PREFIX_TRANSIENT_UPSTREAM)) {
      upstream.set(name.slice(PREFIX_TRANSIENT_UPSTREAM.length), value);
    } else if (name.startsWith(PREFIX_TRANSIENT)) {
      transient.set(name.slice(PREFIX_TRANSIENT.length), value);
    } else if (name.startsWith(PREFIX_PERSISTENT)) {
      persistent.set(name.slice(PREFIX_PERSISTENT.length), value);
    }
  }
  return isEmpty ? context : withForwardValues(context, { persistent, transient, upstream });
}

/**
 * Writes the metainfo of `context` that travels into `map`: transient values under `RPC_TRANSIT_`, persistent ones under
 * `RPC_PERSIST_`. Received (upstream) values are left out; what else the map holds stays.
 */
export function saveMetaInfoToMap(context: Context, map: MutableStringMap | undefined): void {
  if (context === undefined || context === null || map === undefined || map === null) return;
  const { transient, persistent } = forwardValues(context);
  for (const [key, value] of transient) setEntry(map, PREFIX_TRANSIENT + key, value);
  for (const [key, value] of persistent) setEntry(map, PREFIX_PERSISTENT + key, value);
}
