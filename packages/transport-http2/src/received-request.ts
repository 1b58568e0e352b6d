import type { Field as H2Field, Fields as H2Fields } from "@slipstream/h2";
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
import { remembered } from "./known-names.ts";
import { isMetainfoName, readMetainfo } from "./metainfo-fields.ts";
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
  isSlipstream = false;
  readonly tls?: unknown;
  readonly #fields: H2Fields;

  constructor({ address, transport, tls }: ConnectionPeer, fields: H2Fields) {
    this.address = address;
    this.transport = transport;
    this.tls = tls;
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
class RequestHead {
  contentType = "";
  encoding: Encoding = "identity";
  acceptsGzip = false;
  isSingleCall = false;
  service = "";
  package: string | undefined;
  method = "";
  contentSubtype = "";
  caller: string | undefined;
  callerMethod: string | undefined;
  persistent: ReadonlyMap<string, string> = none;
  transient: ReadonlyMap<string, string> = none;
  metadata: Fields = noFields;
  timeoutMs: number | undefined;
  readonly peer: Peer;

  constructor(peer: Peer) {
    this.peer = peer;
  }
}

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

function readHead(fields: H2Fields, connection: ConnectionPeer): RequestHead {
  let path = "";
  let timeout: string | undefined;
  let sideText: string | undefined;
  let requestEncoding: string | undefined;
  let hasMetainfo = false;
  let hasMetadata = false;
  const peer = new RequestPeer(connection, fields);
  const head = new RequestHead(peer);
  for (let i = 0; i < fields.length; i++) {
    const { name, value } = fields[i] as H2Field;
    const text = textOf(value);
    switch (part(name)) {
      case Part.path:
        path = text;
        break;
      case Part.contentType:
        head.contentType = text;
        break;
      case Part.timeout:
        timeout = text;
        break;
      case Part.side:
        sideText = text;
        peer.isSlipstream = true;
        break;
      case Part.caller:
        head.caller = text;
        break;
      case Part.callerMethod:
        head.callerMethod = text;
        break;
      case Part.encoding:
        requestEncoding = text;
        break;
      case Part.acceptEncoding:
        head.acceptsGzip = text.split(",").some((accepted) => accepted.trim() === "gzip");
        break;
      case Part.singleCall:
        head.isSingleCall = true;
        break;
      case Part.metainfo:
        hasMetainfo = true;
        break;
      case Part.metadata:
        hasMetadata = true;
    }
  }
  head.contentSubtype = readSubtype(head.contentType);
  const route = readPath(path);
  head.package = route.package;
  head.service = route.service;
  head.method = route.method;
  if (timeout !== undefined) head.timeoutMs = readTimeout(timeout);
  const encoding = readEncoding(requestEncoding);
  if (encoding === undefined) throw new BadRequest(unknownEncoding(requestEncoding));
  head.encoding = encoding;
  if (hasMetainfo) ({ persistent: head.persistent, transient: head.transient } = readMetainfo(fields));
  if (hasMetadata) head.metadata = userFields(fields).filter(([name]) => part(name) === Part.metadata);
  const side = readSide(sideText);
  if (side.persistent) head.persistent = side.persistent;
  if (side.transient) head.transient = side.transient;
  if (side.metadata) head.metadata = side.metadata;
  return head;
}

const none: ReadonlyMap<string, string> = new Map();

/** What a field is to a request. */
const Part = {
  path: 1,
  contentType: 2,
  timeout: 3,
  side: 4,
  caller: 5,
  callerMethod: 6,
  encoding: 7,
  acceptEncoding: 8,
  singleCall: 9,
  metainfo: 10,
  metadata: 11,
  /** What we know already, or need not know. */
  other: 12,
} as const;

const parts: ReadonlyMap<string, number> = new Map([
  [":path", Part.path],
  ["content-type", Part.contentType],
  ["grpc-timeout", Part.timeout],
  [sideEntryName, Part.side],
  ["source-service", Part.caller],
  ["source-method", Part.callerMethod],
  ["grpc-encoding", Part.encoding],
  ["grpc-accept-encoding", Part.acceptEncoding],
  [singleCallName, Part.singleCall],
  [":method", Part.other],
  [":scheme", Part.other],
  [":authority", Part.other],
  ["user-agent", Part.other],
  ["te", Part.other],
  ["destination-service", Part.other],
  ["destination-method", Part.other],
]);

const part = remembered(
  (name): number => parts.get(name) ?? (isMetainfoName(name) ? Part.metainfo : Part.metadata),
);

function readTimeout(text: string): number {
  const timeoutMs = decodeTimeout(text);
  if (timeoutMs === undefined) {
    const message = `grpc-timeout ${JSON.stringify(text)}: expected up to eight digits and one of n u m S M H`;
    throw new BadRequest(new RpcError("internal", message), ResetCode.internalError);
  }
  if (timeoutMs === 0) throw new BadRequest(new RpcError("deadline_exceeded", "context deadline exceeded"));
  return timeoutMs;
}

export function readSide(text: string | undefined): SideEntry {
  if (text === undefined) return {};
  try {
    return decodeSideEntry(text);
  } catch (thrown) {
    throw new BadRequest(RpcError.from(thrown));
  }
}

/** `thrift`, `proto`, or "" when the request does not say. */
const readSubtype = remembered((contentType): string => {
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
});

interface Route {
  readonly package: string | undefined;
  readonly service: string;
  readonly method: string;
}

/** `/[package.]Service/Method`: the package is no part of what is looked up. */
const readPath = remembered((path): Route => {
  const slash = path.lastIndexOf("/");
  if (!path.startsWith("/") || slash <= 0) {
    const text = `malformed method name ${JSON.stringify(path)}: expected /Service/Method or /package.Service/Method`;
    throw new BadRequest(new RpcError("internal", text));
  }
  const full = path.slice(1, slash);
  const dot = full.lastIndexOf(".");
  return {
    package: dot > 0 ? full.slice(0, dot) : undefined,
    service: full.slice(dot + 1),
    method: path.slice(slash + 1),
  };
});
