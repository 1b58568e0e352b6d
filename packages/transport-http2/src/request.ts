import type { Field as H2Field, Fields as H2Fields, Session, Stream, StreamHandler } from "@slipstream/h2";
import { type CallStart, emptySideEntry, encodeSideEntry, type SideEntry } from "@slipstream/stream";
import { encodeTimeout } from "./grpc-timeout.ts";
import { areExactPairs, pushMetainfo } from "./metainfo-fields.ts";
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

/** What a call has in its constant part. */
interface HeadKey {
  readonly start: CallStart;
  readonly isSingleCall: boolean;
  readonly hasMarker: boolean;
}

/** Sections of a connection and method that are the same for every call, kept so that their compressed form is, too. */
export class RequestHeads {
  readonly #route: RequestRoute;
  readonly #heads = new Map<string, H2Fields>();
  #lastKey: HeadKey | undefined;
  #lastHead: H2Fields = [];

  constructor(route: RequestRoute) {
    this.#route = route;
  }

  /** The constant part of the request for `start`; with the side entry's marker when nothing else has to stand in it. */
  get(start: CallStart, isSingleCall: boolean, hasMarker: boolean): H2Fields {
    const key = { start, isSingleCall, hasMarker };
    if (this.#lastKey !== undefined && isSameHead(this.#lastKey, key)) return this.#lastHead;
    const { package: pkg = "", service, method, caller = "", callerMethod = "", contentSubtype } = start;
    const text = `${pkg}|${service}|${method}|${caller}|${callerMethod}|${contentSubtype}|${isSingleCall}|${hasMarker}`;
    let head = this.#heads.get(text);
    if (!head) {
      // Callers are names in the program's code, so this is small; a program that makes them up must not fill the memory.
      if (this.#heads.size >= 1_000) this.#heads.clear();
      head = requestHead(key, this.#route);
      this.#heads.set(text, head);
    }
    this.#lastKey = key;
    this.#lastHead = head;
    return head;
  }
}

function isSameHead(a: HeadKey, b: HeadKey): boolean {
  return (
    a.isSingleCall === b.isSingleCall &&
    a.hasMarker === b.hasMarker &&
    a.start.method === b.start.method &&
    a.start.service === b.start.service &&
    a.start.package === b.start.package &&
    a.start.caller === b.start.caller &&
    a.start.callerMethod === b.start.callerMethod &&
    a.start.contentSubtype === b.start.contentSubtype
  );
}

function requestHead({ start, isSingleCall, hasMarker }: HeadKey, route: RequestRoute): H2Fields {
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

/** What a request carries, for whoever writes the rest of its section: neither side entry nor deadline. */
export function requestFields(
  start: CallStart,
  isSingleCall: boolean,
): { readonly contentType: string; readonly fields: H2Fields } {
  const fields: H2Field[] = [];
  pushNames(fields, start);
  if (isSingleCall) fields.push({ name: singleCallName, value: "1" });
  pushNativeFields(fields, start.metadata);
  pushMetainfo(fields, start.persistent, start.transient);
  return { contentType: requestContentType(start), fields };
}

/** What a request is opened on. */
export interface RequestTarget {
  readonly session: Pick<Session, "open">;
  readonly heads: RequestHeads;
}

/** Opens the stream of a call. @throws what `Session.open` does */
export function openRequest(
  { session, heads }: RequestTarget,
  handler: StreamHandler,
  start: CallStart,
  isSingleCall: boolean,
): Stream {
  const side = requestSideEntry(start);
  const fields = variableFields(start, side);
  return session.open(handler, heads.get(start, isSingleCall, side === emptySideEntry), fields);
}

/** What a call has in none of the constant fields: deadline, metainfo, metadata. */
export function variableFields(start: CallStart, side: string): H2Field[] {
  const fields: H2Field[] = [];
  if (start.timeoutMs !== undefined)
    fields.push({ name: "grpc-timeout", value: encodeTimeout(start.timeoutMs) });
  pushNativeFields(fields, start.metadata);
  pushMetainfo(fields, start.persistent, start.transient);
  if (side !== emptySideEntry) fields.push({ name: sideEntryName, value: side });
  return fields;
}

/** The side entry of a request: each section whole when it has anything that HTTP/2 would change. */
export function requestSideEntry({ persistent, transient, metadata }: CallStart): string {
  const entry: { -readonly [K in keyof SideEntry]: SideEntry[K] } = {};
  if (!areExactPairs(persistent)) entry.persistent = persistent;
  if (!areExactPairs(transient)) entry.transient = transient;
  if (!areExactFields(metadata)) entry.metadata = metadata;
  return encodeSideEntry(entry);
}
