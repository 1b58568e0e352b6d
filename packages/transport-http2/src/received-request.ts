import type { Fields as H2Fields } from "@slipstream/h2";
import {
  decodeSideEntry,
  type Ended,
  type Fields,
  noFields,
  type Peer,
  RpcError,
  type ServerStart,
  type SideEntry,
} from "@slipstream/stream";
import { type Encoding, readEncoding, unknownEncoding } from "./compression.ts";
import { ResetCode } from "./errors.ts";
import { decodeTimeout } from "./grpc-timeout.ts";
import { readMetainfo } from "./metainfo-fields.ts";
import { areShareable, textOf, userFields } from "./native-fields.ts";
import { RecentSections } from "./recent-sections.ts";
import { sideEntryName, singleCallName } from "./request.ts";

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

/** The requests of one connection. */
export class RequestReader {
  readonly #peer: ConnectionPeer;
  readonly #recent: RecentSections<RequestHead> = new RecentSections();

  constructor(peer: ConnectionPeer) {
    this.#peer = peer;
  }

  /** Reads the header section of a request. @throws BadRequest */
  read(fields: H2Fields, ended: Ended): Request {
    let head = this.#recent.get(fields);
    if (head === undefined) {
      head = readHead(fields, this.#peer);
      if (areShareable(head.metadata)) this.#recent.add(fields, head);
    }
    return new ReceivedRequest(head, ended);
  }
}

/** Reads the header section of one request. @throws BadRequest */
export function readRequest(fields: H2Fields, peer: ConnectionPeer, ended: Ended): Request {
  return new ReceivedRequest(readHead(fields, peer), ended);
}

/** All that a header section says; calls with the same one share it. */
type RequestHead = Omit<Request, "start"> & Omit<ServerStart, "ended">;

class ReceivedRequest implements Request {
  readonly start: ServerStart;
  readonly contentType: string;
  readonly encoding: Encoding;
  readonly acceptsGzip: boolean;
  readonly isSingleCall: boolean;

  constructor(head: RequestHead, ended: Ended) {
    this.start = new ReceivedStart(head, ended);
    this.contentType = head.contentType;
    this.encoding = head.encoding;
    this.acceptsGzip = head.acceptsGzip;
    this.isSingleCall = head.isSingleCall;
  }
}

/** It has all its fields, whatever came: one shape for all calls stays fast to read. */
class ReceivedStart implements ServerStart {
  readonly service: string;
  readonly package: string | undefined;
  readonly method: string;
  readonly contentSubtype: string;
  readonly caller: string | undefined;
  readonly callerMethod: string | undefined;
  readonly persistent: ReadonlyMap<string, string>;
  readonly transient: ReadonlyMap<string, string>;
  readonly metadata: Fields;
  readonly timeoutMs: number | undefined;
  readonly ended: Ended;
  readonly peer: Peer;

  constructor(head: RequestHead, ended: Ended) {
    this.service = head.service;
    this.package = head.package;
    this.method = head.method;
    this.contentSubtype = head.contentSubtype;
    this.caller = head.caller;
    this.callerMethod = head.callerMethod;
    this.persistent = head.persistent;
    this.transient = head.transient;
    this.metadata = head.metadata;
    this.timeoutMs = head.timeoutMs;
    this.ended = ended;
    this.peer = head.peer;
  }
}

function readHead(fields: H2Fields, peer: ConnectionPeer): RequestHead {
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
  return {
    ...route,
    contentSubtype: subtype,
    caller,
    callerMethod,
    persistent: side.persistent ?? native.persistent,
    transient: side.transient ?? native.transient,
    metadata: side.metadata ?? (hasOthers ? requestMetadata(fields) : noFields),
    timeoutMs,
    peer: new RequestPeer(peer, sideText !== undefined, fields),
    contentType,
    encoding,
    acceptsGzip: accepted !== "" && accepted.split(",").some((name) => name.trim() === "gzip"),
    isSingleCall,
  };
}

function requestMetadata(fields: H2Fields): Fields {
  return userFields(fields).filter(([name]) => !isKnown.has(name));
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
