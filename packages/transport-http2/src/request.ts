import type { Field as H2Field, Fields as H2Fields, Session, Stream, StreamHandler } from "@slipstream/h2";
import {
  type CallStart,
  decodeSideEntry,
  type Ended,
  emptySideEntry,
  encodeSideEntry,
  type Fields,
  noFields,
  type Peer,
  RpcError,
  type ServerStart,
  type SideEntry,
} from "@slipstream/stream";
import { type Encoding, readEncoding, unknownEncoding } from "./compression.ts";
import { ResetCode } from "./errors.ts";
import { decodeTimeout, encodeTimeout } from "./grpc-timeout.ts";
import { areExactPairs, pushMetainfo, readMetainfo } from "./metainfo-fields.ts";
import { areExactFields, pushNativeFields, textOf, userFields } from "./native-fields.ts";

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
const singleCallName = "slipstream-call";

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

/** What a server's stream has to know of its request beside the start of the call. */
export interface Request {
  readonly start: ServerStart;
  /** As it came; the answer has the same. */
  readonly contentType: string;
  /** How the messages of the client are compressed. */
  readonly encoding: Encoding;
  readonly acceptsGzip: boolean;
  readonly isSingleCall: boolean;
}

/** A request that is refused before it is a call; with `resetCode` the stream is reset, as Kitex does. */
export class BadRequest extends Error {
  readonly error: RpcError;
  readonly resetCode: number | undefined;

  constructor(error: RpcError, resetCode?: number) {
    super(error.message);
    this.error = error;
    this.resetCode = resetCode;
  }
}

/** The other side of a connection, for one request: the raw block is only put together when somebody asks. */
class RequestPeer implements Peer {
  readonly address: string;
  readonly transport: string;
  readonly protocol = "grpc";
  readonly isSlipstream: boolean;
  readonly tls?: unknown;
  readonly #fields: H2Fields;

  constructor({ address, transport, tls }: ConnectionPeer, isSlipstream: boolean, fields: H2Fields) {
    this.address = address;
    this.transport = transport;
    this.tls = tls;
    this.isSlipstream = isSlipstream;
    this.#fields = fields;
  }

  get raw(): Fields {
    return this.#fields.map(({ name, value }) => [name, value] as const);
  }
}

/** What is known of the peer of a connection. */
export interface ConnectionPeer {
  readonly address: string;
  readonly transport: string;
  readonly tls?: unknown;
}

/** Reads the header section of a request. @throws BadRequest */
export function readRequest(fields: H2Fields, peer: ConnectionPeer, ended: Ended): Request {
  let contentType = "";
  let path = "";
  let timeout: string | undefined;
  let sideText: string | undefined;
  let caller: string | undefined;
  let callerMethod: string | undefined;
  let requestEncoding: string | undefined;
  let accepted = "";
  let isSingleCall = false;
  let hasOthers = false;
  for (const { name, value } of fields) {
    const text = textOf(value);
    switch (name) {
      case "content-type":
        contentType = text;
        break;
      case ":path":
        path = text;
        break;
      case "grpc-timeout":
        timeout = text;
        break;
      case sideEntryName:
        sideText = text;
        break;
      case "source-service":
        caller = text;
        break;
      case "source-method":
        callerMethod = text;
        break;
      case "grpc-encoding":
        requestEncoding = text;
        break;
      case singleCallName:
        isSingleCall = true;
        break;
      case "grpc-accept-encoding":
        accepted = text;
        break;
      default:
        hasOthers ||= !isKnown.has(name);
    }
  }
  const subtype = readSubtype(contentType);
  const route = readPath(path);
  const timeoutMs = timeout === undefined ? undefined : decodeTimeout(timeout);
  if (timeout !== undefined && timeoutMs === undefined) {
    const text = `grpc-timeout ${JSON.stringify(timeout)}: expected up to eight digits and one of n u m S M H`;
    throw new BadRequest(new RpcError("internal", text), ResetCode.internalError);
  }
  if (timeoutMs === 0) throw new BadRequest(new RpcError("deadline_exceeded", "context deadline exceeded"));
  const encoding = readEncoding(requestEncoding);
  if (encoding === undefined) throw new BadRequest(unknownEncoding(requestEncoding));
  const side = readSide(sideText);
  const native = hasOthers ? readMetainfo(fields) : nothing;
  const start: ServerStart = {
    ...route,
    contentSubtype: subtype,
    ...(caller === undefined ? undefined : { caller }),
    ...(callerMethod === undefined ? undefined : { callerMethod }),
    persistent: side.persistent ?? native.persistent,
    transient: side.transient ?? native.transient,
    metadata:
      side.metadata ?? (hasOthers ? userFields(fields).filter(([name]) => !isKnown.has(name)) : noFields),
    ...(timeoutMs === undefined ? undefined : { timeoutMs }),
    ended,
    peer: new RequestPeer(peer, sideText !== undefined, fields),
  };
  const acceptsGzip = accepted !== "" && accepted.split(",").some((name) => name.trim() === "gzip");
  return { start, contentType, encoding, acceptsGzip, isSingleCall };
}

const none: ReadonlyMap<string, string> = new Map();
const nothing = { persistent: none, transient: none };

/** Fields of the request itself: neither metainfo nor metadata. */
const isKnown: ReadonlySet<string> = new Set([
  ":method",
  ":scheme",
  ":authority",
  "user-agent",
  "te",
  "destination-service",
  "destination-method",
  "source-service",
  "source-method",
]);

export function readSide(text: string | undefined): SideEntry {
  if (text === undefined) return {};
  try {
    return decodeSideEntry(text);
  } catch (thrown) {
    throw new BadRequest(RpcError.from(thrown));
  }
}

/** `thrift`, `proto`, or "" when the request does not say. */
function readSubtype(contentType: string): string {
  const match = /^application\/grpc(?:[+;](.*))?$/.exec(contentType);
  if (!match) {
    const text = `content-type ${JSON.stringify(contentType)}: expected application/grpc or application/grpc+thrift`;
    throw new BadRequest(new RpcError("internal", text), ResetCode.internalError);
  }
  const [subtype = ""] = (match[1] ?? "").split(";");
  if (subtype !== "" && subtype !== "thrift" && subtype !== "proto") {
    throw new BadRequest(
      new RpcError("unimplemented", `content subtype ${subtype}: this server speaks thrift and proto`),
    );
  }
  return subtype;
}

/** `/[package.]Service/Method`: the package is no part of the route. */
function readPath(path: string): {
  readonly package?: string;
  readonly service: string;
  readonly method: string;
} {
  const slash = path.lastIndexOf("/");
  if (!path.startsWith("/") || slash <= 0) {
    const text = `malformed method name ${JSON.stringify(path)}: expected /Service/Method or /package.Service/Method`;
    throw new BadRequest(new RpcError("internal", text));
  }
  const full = path.slice(1, slash);
  const dot = full.lastIndexOf(".");
  const service = full.slice(dot + 1);
  const method = path.slice(slash + 1);
  return dot > 0 ? { package: full.slice(0, dot), service, method } : { service, method };
}
