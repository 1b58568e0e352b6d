import type { Context } from "./context.ts";
import { forwardValues, withForwardValues } from "./forward.ts";
import { isHTTPFieldValue, isHTTPToken } from "./http-syntax.ts";
import { HTTP_PREFIX_PERSISTENT, HTTP_PREFIX_TRANSIENT } from "./prefixes.ts";
import { recent } from "./recent.ts";
import { asciiLowerCase, asciiUpperCase } from "./text.ts";

/** Where `toHTTPHeader` writes. */
export interface HTTPHeaderSetter {
  /** Gives the header `key` this one value, in place of any it had. */
  set(key: string, value: string): void;
}

/** Where `fromHTTPHeader` reads. */
export interface HTTPHeaderCarrier {
  /** Calls `visit` with each header. */
  visit(visit: (key: string, value: string) => void): void;
}

/** HTTP headers as lists of values under lower-case names: what `toHTTPHeader` and `fromHTTPHeader` work on when there is nothing better. */
export class HTTPHeader implements HTTPHeaderSetter, HTTPHeaderCarrier {
  private readonly lists = new Map<string, readonly string[]>();

  /** @param headers - a value or a list of values by name, for instance `request.headers` of Node's HTTP server */
  constructor(headers: Readonly<Record<string, string | readonly string[] | undefined>> = {}) {
    for (const [key, values] of Object.entries(headers)) {
      if (values === undefined) continue;
      this.lists.set(asciiLowerCase(key), this.get(key).concat(values));
    }
  }

  /** The values of `key`, lower-cased; empty when there is none. */
  get(key: string): readonly string[] {
    return this.lists.get(asciiLowerCase(key)) ?? [];
  }

  /** Makes `value` the one value of `key`, lower-cased. */
  set(key: string, value: string): void {
    this.lists.set(asciiLowerCase(key), [value]);
  }

  /** Calls `visit` with the first value of each header that has one. */
  visit(visit: (key: string, value: string) => void): void {
    for (const [key, [first]] of this.lists) if (first !== undefined) visit(key, first);
  }
}

/** The name of an HTTP header as a CGI variable: `abc-def` becomes `ABC_DEF`. */
export const httpHeaderToCGIVariable: (name: string) => string = recent((name) =>
  asciiUpperCase(name.replaceAll("-", "_")),
);

/**
 * A CGI variable as the name of an HTTP header: `ABC_DEF` becomes `abc-def`. It does not undo `httpHeaderToCGIVariable`: letter case and
 * the difference of `-` and `_` are lost.
 */
export const cgiVariableToHTTPHeader: (name: string) => string = recent((name) =>
  asciiLowerCase(name.replaceAll("_", "-")),
);

/**
 * Writes all transient, received (upstream) and persistent values of `context` as HTTP headers. It does not call `transferForward`: a
 * client calls that first, so that received values are not sent on.
 *
 * Entries that HTTP cannot carry are left out: a key that is not a token, a value with a control character other than TAB. Keys with
 * lower-case letters or hyphens arrive under another name (`Foo-Bar` as `FOO_BAR`). Of several keys that make one header name the last wins.
 */
export function toHTTPHeader(context: Context, header: HTTPHeaderSetter): void {
  if (context === undefined || context === null || header === undefined || header === null) return;
  const { upstream, transient, persistent } = forwardValues(context);
  for (const [key, value] of upstream) {
    if (!transient.has(key)) writeHeader(header, HTTP_PREFIX_TRANSIENT, key, value);
  }
  for (const [key, value] of transient) writeHeader(header, HTTP_PREFIX_TRANSIENT, key, value);
  for (const [key, value] of persistent) writeHeader(header, HTTP_PREFIX_PERSISTENT, key, value);
}

function writeHeader(header: HTTPHeaderSetter, prefix: string, key: string, value: string): void {
  if (isHTTPToken(key) && isHTTPFieldValue(value)) header.set(prefix + cgiVariableToHTTPHeader(key), value);
}

/**
 * `context` with the metainfo found in HTTP headers, `rpc-transit-` and `rpc-persist-` in any letter case, put over what it has. Keys become CGI
 * variables: `rpc-transit-foo-bar` is the transient key `FOO_BAR`. Of several headers that make one key the last wins. It does not call `transferForward`.
 *
 * @returns the same context when neither it nor the headers have any metainfo.
 */
export function fromHTTPHeader(context: Context, header: HTTPHeaderCarrier): Context {
  if (context === undefined || context === null || header === undefined || header === null) return context;
  const transient = new Map<string, string>();
  const persistent = new Map<string, string>();
  header.visit((name, value) => {
    if (value === "") return;
    // Both prefixes have the same length.
    const prefix = asciiLowerCase(name.slice(0, HTTP_PREFIX_TRANSIENT.length));
    if (prefix !== HTTP_PREFIX_TRANSIENT && prefix !== HTTP_PREFIX_PERSISTENT) return;
    const space = prefix === HTTP_PREFIX_TRANSIENT ? transient : persistent;
    space.set(httpHeaderToCGIVariable(name.slice(prefix.length)), value);
  });
  return withForwardValues(context, { persistent, transient });
}
