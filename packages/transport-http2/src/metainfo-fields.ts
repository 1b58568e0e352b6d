import type { Field as H2Field, Fields as H2Fields } from "@slipstream/h2";
import {
  cgiVariableToHTTPHeader,
  decodeBase64,
  HTTP_PREFIX_PERSISTENT,
  HTTP_PREFIX_TRANSIENT,
  httpHeaderToCGIVariable,
} from "@slipstream/metainfo";
import type { SideEntry } from "@slipstream/stream";
import { remembered } from "./known-names.ts";
import { isExactValue, pushNativeField, textOf } from "./native-fields.ts";

const decoder = new TextDecoder();

// HTTP/2 folds names to lower case and Kitex "_" to "-": only these keys come back as they were.
const exactKey = /^[A-Z0-9_]+$/;

/** How a key is written. */
interface KeyForm {
  readonly name: string;
  readonly isExact: boolean;
}

const transientForm = remembered((key) => keyForm(HTTP_PREFIX_TRANSIENT, key));
const persistentForm = remembered((key) => keyForm(HTTP_PREFIX_PERSISTENT, key));

function keyForm(prefix: string, key: string): KeyForm {
  return {
    name: prefix + cgiVariableToHTTPHeader(key),
    isExact: exactKey.test(key) && !key.endsWith("_BIN"),
  };
}

/** What is not read by any Kitex peer exactly as it was set; a map of pairs whole, or not at all. */
export type InexactPairs = Pick<SideEntry, "persistent" | "transient">;

export const allExact: InexactPairs = {};

/** Adds metainfo in Kitex's native form, as far as HTTP/2 can carry it; {@link allExact} when it can carry all. */
export function pushMetainfo(
  target: H2Field[],
  persistent: ReadonlyMap<string, string>,
  transient: ReadonlyMap<string, string>,
): InexactPairs {
  const isTransientExact = pushPairs(target, transient, transientForm);
  const isPersistentExact = pushPairs(target, persistent, persistentForm);
  if (isTransientExact && isPersistentExact) return allExact;
  return {
    ...(isPersistentExact ? undefined : { persistent }),
    ...(isTransientExact ? undefined : { transient }),
  };
}

function pushPairs(
  target: H2Field[],
  pairs: ReadonlyMap<string, string>,
  formOf: (key: string) => KeyForm,
): boolean {
  let areExact = true;
  for (const [key, value] of pairs) {
    const { name, isExact } = formOf(key);
    if (isExact && isExactValue(value)) {
      target.push({ name, value });
    } else {
      areExact = false;
      pushNativeField(target, name, value);
    }
  }
  return areExact;
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
