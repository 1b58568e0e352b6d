import type { Field as H2Field, Fields as H2Fields } from "@slipstream/h2";
import {
  cgiVariableToHTTPHeader,
  decodeBase64,
  HTTP_PREFIX_PERSISTENT,
  HTTP_PREFIX_TRANSIENT,
  httpHeaderToCGIVariable,
} from "@slipstream/metainfo";
import { remembered } from "./known-names.ts";
import { isExactValue, pushNativeField, textOf } from "./native-fields.ts";

const decoder = new TextDecoder();

// HTTP/2 folds names to lower case and Kitex "_" to "-": only these keys come back as they were.
const exactKey = /^[A-Z0-9_]+$/;

const isExactKey = remembered((key) => exactKey.test(key) && !key.endsWith("_BIN"));
const transientName = remembered((key) => HTTP_PREFIX_TRANSIENT + cgiVariableToHTTPHeader(key));
const persistentName = remembered((key) => HTTP_PREFIX_PERSISTENT + cgiVariableToHTTPHeader(key));

/** Whether all pairs are read by any Kitex peer exactly as they were set. */
export function areExactPairs(pairs: ReadonlyMap<string, string>): boolean {
  for (const [key, value] of pairs) {
    if (!isExactKey(key) || !isExactValue(value)) return false;
  }
  return true;
}

/** Adds metainfo in Kitex's native form, as far as HTTP/2 can carry it. */
export function pushMetainfo(
  target: H2Field[],
  persistent: ReadonlyMap<string, string>,
  transient: ReadonlyMap<string, string>,
): void {
  for (const [key, value] of transient) pushNativeField(target, transientName(key), value);
  for (const [key, value] of persistent) pushNativeField(target, persistentName(key), value);
}

/** What a name that came says of metainfo. */
interface PairName {
  readonly space: "persistent" | "transient";
  /** Empty for a name that is nothing but a prefix. */
  readonly key: string;
  readonly isBinary: boolean;
}

const pairName = remembered((name): PairName | null => {
  const space = name.startsWith(HTTP_PREFIX_TRANSIENT)
    ? "transient"
    : name.startsWith(HTTP_PREFIX_PERSISTENT)
      ? "persistent"
      : undefined;
  if (space === undefined) return null;
  const prefix = space === "transient" ? HTTP_PREFIX_TRANSIENT : HTTP_PREFIX_PERSISTENT;
  return { space, key: httpHeaderToCGIVariable(name.slice(prefix.length)), isBinary: name.endsWith("-bin") };
});

/** Whether the field of this name is metainfo. */
export function isMetainfoName(name: string): boolean {
  return pairName(name) !== null;
}

/** Metainfo in Kitex's native form; of a repeated name the first value counts, as in Kitex. */
export function readMetainfo(fields: H2Fields): {
  persistent: Map<string, string>;
  transient: Map<string, string>;
} {
  const persistent = new Map<string, string>();
  const transient = new Map<string, string>();
  for (const { name, value } of fields) {
    const pair = pairName(name);
    if (pair === null || pair.key === "") continue;
    const text = pair.isBinary ? decodeText(value) : textOf(value);
    const target = pair.space === "persistent" ? persistent : transient;
    if (text !== undefined && text !== "" && !target.has(pair.key)) target.set(pair.key, text);
  }
  return { persistent, transient };
}

function decodeText(value: string | Uint8Array): string | undefined {
  const bytes = decodeBase64(textOf(value));
  return bytes && decoder.decode(bytes);
}
