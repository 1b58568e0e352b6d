import type { Field as H2Field, Fields as H2Fields, Session, Stream, StreamHandler } from "@slipstream/h2";
import { type CallStart, emptySideEntry, encodeSideEntry, type Field, type Fields } from "@slipstream/stream";
import { encodeTimeout } from "./grpc-timeout.ts";
import { allExact, type InexactPairs, pushMetainfo } from "./metainfo-fields.ts";
import { areExactFields, pushNativeFields } from "./native-fields.ts";

/** What our own peers read beside the native fields, or instead of them. */
export const sideEntryName = "slipstream-meta-bin";

export const userAgent = "slipstream/0";

/** What makes the constant part of a request. */
export interface RequestRoute {
  readonly scheme: "http" | "https";
  readonly authority: string;
  readonly acceptsGzip: boolean;
  readonly sendsGzip: boolean;
}

/** What says that a request is a single call, and no stream that has one message. */
export const singleCallName = "slipstream-call";

/** What of a call stands in its header section, but for the deadline. */
class Said {
  readonly service: string;
  readonly package: string | undefined;
  readonly method: string;
  readonly contentSubtype: string;
  readonly caller: string | undefined;
  readonly callerMethod: string | undefined;
  readonly persistent: ReadonlyMap<string, string>;
  readonly transient: ReadonlyMap<string, string>;
  readonly metadata: Fields;
  readonly isSingleCall: boolean;

  constructor(start: CallStart, isSingleCall: boolean) {
    this.service = start.service;
    this.package = start.package;
    this.method = start.method;
    this.contentSubtype = start.contentSubtype;
    this.caller = start.caller;
    this.callerMethod = start.callerMethod;
    this.persistent = start.persistent;
    this.transient = start.transient;
    this.metadata = start.metadata;
    this.isSingleCall = isSingleCall;
  }

  /** Whether the constant part says the same. */
  isSameCallIn(start: CallStart, isSingleCall: boolean): boolean {
    return (
      this.method === start.method &&
      this.service === start.service &&
      this.isSingleCall === isSingleCall &&
      this.package === start.package &&
      this.caller === start.caller &&
      this.callerMethod === start.callerMethod &&
      this.contentSubtype === start.contentSubtype
    );
  }

  /** Whether the rest does. */
  areSameValuesIn(start: CallStart): boolean {
    return (
      areSamePairs(this.persistent, start.persistent) &&
      areSamePairs(this.transient, start.transient) &&
      areSameFields(this.metadata, start.metadata)
    );
  }
}

function areSamePairs(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of b) if (a.get(key) !== value) return false;
  return true;
}

/** Bytes may have changed since: with them nothing is the same. */
function areSameFields(a: Fields, b: Fields): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const [name, value] = a[i] as Field;
    const [otherName, otherValue] = b[i] as Field;
    if (name !== otherName || value !== otherValue || typeof value !== "string") return false;
  }
  return true;
}

/**
 * The header sections of a connection's requests. What is the same for every call of a method is one list, and so is all that two calls in a row have in common: sessions
 * keep the compressed form of a list that they are given again.
 */
export class RequestSections {
  readonly #route: RequestRoute;
  readonly #heads = new Map<string, H2Fields>();
  #said: Said | undefined;
  /** The constant part of it, and whether that has the side entry's marker. */
  #head: H2Fields = noH2Fields;
  #hasMarker = false;
  /** The section in which it was said: the constant part and the rest, until the same is said again; from then on both together. */
  #constant: H2Fields = noH2Fields;
  #rest: H2Fields = noH2Fields;

  constructor(route: RequestRoute) {
    this.#route = route;
  }

  /** Opens the stream of a call. @throws what `Session.open` does */
  open(
    session: Pick<Session, "open">,
    handler: StreamHandler,
    start: CallStart,
    isSingleCall: boolean,
  ): Stream {
    const isSameCall = this.#said?.isSameCallIn(start, isSingleCall) === true;
    if (isSameCall && this.#said?.areSameValuesIn(start)) {
      if (this.#rest.length > 0) {
        this.#constant = [...this.#constant, ...this.#rest];
        this.#rest = noH2Fields;
      }
    } else {
      const rest: H2Field[] = [];
      const side = pushVariable(rest, start);
      const hasMarker = side === emptySideEntry;
      if (!hasMarker) rest.push({ name: sideEntryName, value: side });
      if (!isSameCall || hasMarker !== this.#hasMarker) {
        this.#head = this.#headOf(start, isSingleCall, hasMarker);
        this.#hasMarker = hasMarker;
      }
      this.#constant = this.#head;
      this.#rest = rest;
      this.#said = new Said(start, isSingleCall);
    }
    const { timeoutMs } = start;
    if (timeoutMs === undefined) return session.open(handler, this.#constant, this.#rest);
    const timeout = { name: "grpc-timeout", value: encodeTimeout(timeoutMs) };
    return session.open(handler, this.#constant, [timeout, ...this.#rest]);
  }

  /** The constant part of the request for `start`; with the side entry's marker when nothing else has to stand in it. */
  #headOf(start: CallStart, isSingleCall: boolean, hasMarker: boolean): H2Fields {
    const { package: pkg = "", service, method, caller = "", callerMethod = "", contentSubtype } = start;
    const key = `${pkg}|${service}|${method}|${caller}|${callerMethod}|${contentSubtype}|${isSingleCall}|${hasMarker}`;
    let head = this.#heads.get(key);
    if (!head) {
      // Callers are names in the program's code, so this is small; a program that makes them up must not fill the memory.
      if (this.#heads.size >= 1_000) this.#heads.clear();
      head = requestHead(start, isSingleCall, hasMarker, this.#route);
      this.#heads.set(key, head);
    }
    return head;
  }
}

const noH2Fields: H2Fields = [];

function requestHead(
  start: CallStart,
  isSingleCall: boolean,
  hasMarker: boolean,
  route: RequestRoute,
): H2Fields {
  const head: H2Field[] = [
    { name: ":method", value: "POST" },
    { name: ":scheme", value: route.scheme },
    { name: ":path", value: requestPath(start) },
    { name: ":authority", value: route.authority },
    { name: "content-type", value: requestContentType(start) },
    { name: "user-agent", value: userAgent },
    { name: "te", value: "trailers" },
  ];
  if (route.sendsGzip) head.push({ name: "grpc-encoding", value: "gzip" });
  if (route.acceptsGzip) head.push({ name: "grpc-accept-encoding", value: "identity,gzip" });
  pushNames(head, start);
  if (isSingleCall) head.push({ name: singleCallName, value: "1" });
  if (hasMarker) head.push({ name: sideEntryName, value: emptySideEntry });
  return head;
}

/** Who calls what, as Kitex's opt-in HTTP/2 meta handlers write it. */
function pushNames(target: H2Field[], { service, method, caller, callerMethod }: CallStart): void {
  target.push({ name: "destination-service", value: service }, { name: "destination-method", value: method });
  if (caller !== undefined) target.push({ name: "source-service", value: caller });
  if (callerMethod !== undefined) target.push({ name: "source-method", value: callerMethod });
}

export function requestPath({ package: pkg, service, method }: CallStart): string {
  return `/${pkg ? `${pkg}.` : ""}${service}/${method}`;
}

function requestContentType({ contentSubtype }: CallStart): string {
  return contentSubtype === "proto" ? "application/grpc" : `application/grpc+${contentSubtype}`;
}

/**
 * What a request carries, for whoever writes the rest of its section: neither side entry nor deadline. `inexact` belongs in the
 * side entry.
 */
export function requestFields(
  start: CallStart,
  isSingleCall: boolean,
): { readonly contentType: string; readonly fields: H2Fields; readonly inexact: InexactPairs } {
  const fields: H2Field[] = [];
  pushNames(fields, start);
  if (isSingleCall) fields.push({ name: singleCallName, value: "1" });
  pushNativeFields(fields, start.metadata);
  const inexact = pushMetainfo(fields, start.persistent, start.transient);
  return { contentType: requestContentType(start), fields, inexact };
}

/**
 * Adds what a call has in none of the constant fields, but for the deadline: metainfo, metadata. Gives the side entry: each of
 * them whole when it has anything that HTTP/2 would change.
 */
function pushVariable(target: H2Field[], { persistent, transient, metadata }: CallStart): string {
  pushNativeFields(target, metadata);
  const inexact = pushMetainfo(target, persistent, transient);
  if (!areExactFields(metadata)) return encodeSideEntry({ ...inexact, metadata });
  return inexact === allExact ? emptySideEntry : encodeSideEntry(inexact);
}
