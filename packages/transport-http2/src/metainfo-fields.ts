import type { Field as H2Field, Fields as H2Fields } from "@slipstream/h2";
import {
  cgiVariableToHTTPHeader,
  decodeBase64,
  HTTP_PREFIX_PERSISTENT,
  HTTP_PREFIX_TRANSIENT,
  httpHeaderToCGIVariable,
} from "@slipstream/metainfo";
import { isExactValue, pushNativeField, textOf } from "./native-fields.ts";

const decoder = new TextDecoder();

// HTTP/2 folds names to lower case and Kitex "_" to "-": only these keys come back as they were.
const exactKey = /^[A-Z0-9_]+$/;

/** Whether all pairs are read by any Kitex peer exactly as they were set. */
export function areExactPairs(pairs: ReadonlyMap<string, string>): boolean {
  for (const [key, value] of pairs) {
    if (!exactKey.test(key) || key.endsWith("_BIN") || !isExactValue(value)) return false;
  }
  return true;
}

/** Adds metainfo in Kitex's native form, as far as HTTP/2 can carry it. */
export function pushMetainfo(
  target: H2Field[],
  persistent: ReadonlyMap<string, string>,
  transient: ReadonlyMap<string, string>,
): void {
  for (const [key, value] of transient)
    pushNativeField(target, HTTP_PREFIX_TRANSIENT + cgiVariableToHTTPHeader(key), value);
  for (const [key, value] of persistent)
    pushNativeField(target, HTTP_PREFIX_PERSISTENT + cgiVariableToHTTPHeader(key), value);
}

/** Metainfo in Kitex's native form; of a repeated name the first value counts, as in Kitex. */
export function readMetainfo(fields: H2Fields): {
  persistent: Map<string, string>;
  transient: Map<string, string>;
} {
  const persistent = new Map<string, string>();
  const transient = new Map<string, string>();
  for (const { name, value } of fields) {
    if (name.startsWith(HTTP_PREFIX_TRANSIENT)) readPair(transient, name, HTTP_PREFIX_TRANSIENT, value);
    else if (name.startsWith(HTTP_PREFIX_PERSISTENT))
      readPair(persistent, name, HTTP_PREFIX_PERSISTENT, value);
  }
  return { persistent, transient };
}

function readPair(
  target: Map<string, string>,
  name: string,
  prefix: string,
  value: string | Uint8Array,
): void {
  const key = httpHeaderToCGIVariable(name.slice(prefix.length));
  let text: string | undefined = textOf(value);
  if (name.endsWith("-bin")) {
    const bytes = decodeBase64(text);
    text = bytes && decoder.decode(bytes);
  }
  if (key !== "" && text !== undefined && text !== "" && !target.has(key)) target.set(key, text);
}
