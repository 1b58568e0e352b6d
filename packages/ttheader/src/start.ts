import {
  type CallStart,
  decodeSideEntry,
  type Ended,
  emptySideEntry,
  type Fields,
  noFields,
  type Peer,
  type ServerStart,
  type SideEntry,
} from "@slipstream/stream";
import { SIDE_ENTRY_KEY } from "./fields.ts";
import { ACL_TOKEN_KEY, IntKey } from "./format.ts";
import type { FrameHead } from "./frame-head.ts";
import { type HeadWriter, pairBound } from "./head-writer.ts";

const SERVICE_KEY = "isn";
const PERSISTENT = "RPC_PERSIST_";
const TRANSIENT = "RPC_TRANSIT_";
/** What is transient and has travelled already; no sender writes it, and a receiver lets it end here. */
const UPSTREAM = "RPC_TRANSIT_UPSTREAM_";
const UPSTREAM_NAME = "UPSTREAM_";
/** The transient value that travels as a section of its own. */
const ACL_TOKEN_NAME = ACL_TOKEN_KEY.slice(TRANSIENT.length);
const MAX_TIMEOUT_MS = 0x7fffffff;

const emptyMap: ReadonlyMap<string, string> = new Map();

/** The most bytes of what {@link writeStartStrings} and {@link writeStartInts} write. */
export function startBound(start: CallStart, sideEntry: string | undefined): number {
  let bound = pairBound(SERVICE_KEY.length + start.service.length);
  for (const [key, value] of start.persistent)
    bound += pairBound(PERSISTENT.length + key.length + value.length);
  for (const [key, value] of start.transient)
    bound += pairBound(TRANSIENT.length + key.length + value.length);
  if (sideEntry !== undefined) bound += pairBound(SIDE_ENTRY_KEY.length + sideEntry.length);
  // Ten digits of milliseconds, and the two names.
  return (
    bound + pairBound(10) + pairBound(start.caller?.length ?? 0) + pairBound(start.callerMethod?.length ?? 0)
  );
}

/** What a request says of its call in strings: the same for streams and ping-pong. */
export function writeStartStrings(writer: HeadWriter, start: CallStart, sideEntry: string | undefined): void {
  const token = start.transient.get(ACL_TOKEN_NAME);
  if (token !== undefined) writer.token(token);
  writer.beginStrings();
  writer.string(SERVICE_KEY, start.service);
  for (const [key, value] of start.persistent) writer.prefixed(PERSISTENT, key, value);
  for (const [key, value] of start.transient) {
    if (token === undefined || key !== ACL_TOKEN_NAME) writer.prefixed(TRANSIENT, key, value);
  }
  if (sideEntry !== undefined) writer.string(SIDE_ENTRY_KEY, sideEntry);
  writer.endSection();
}

/** What of the start the native pairs cannot carry exactly; undefined when they can. */
export function startSideEntry(start: CallStart): SideEntry | undefined {
  let isTransientExact = true;
  for (const key of start.transient.keys()) if (key.startsWith(UPSTREAM_NAME)) isTransientExact = false;
  if (isTransientExact && start.metadata.length === 0) return undefined;
  return {
    ...(!isTransientExact && { transient: start.transient }),
    ...(start.metadata.length > 0 && { metadata: start.metadata }),
  };
}

/** How long it may take and who calls; Kitex reads these on ping-pong, and nobody but us on streams. */
export function writeStartInts(writer: HeadWriter, start: CallStart, withCaller: boolean): void {
  const { timeoutMs, caller, callerMethod } = start;
  if (timeoutMs !== undefined) {
    writer.int(IntKey.rpcTimeout, String(Math.min(MAX_TIMEOUT_MS, Math.max(1, Math.ceil(timeoutMs)))));
  }
  if (!withCaller) return;
  if (caller !== undefined) writer.int(IntKey.fromService, caller);
  if (callerMethod !== undefined) writer.int(IntKey.fromMethod, callerMethod);
}

/** A call as its request tells of it. It has all its fields, whatever came: one shape for all calls stays fast to read. */
export class ReceivedStart implements ServerStart {
  readonly service: string;
  readonly method: string;
  readonly contentSubtype = "thrift";
  readonly caller: string | undefined;
  readonly callerMethod: string | undefined;
  readonly persistent: ReadonlyMap<string, string>;
  readonly transient: ReadonlyMap<string, string>;
  readonly metadata: Fields;
  readonly timeoutMs: number | undefined;
  readonly ended: Ended;
  readonly peer: Peer;

  constructor(received: Received, method: string, ended: Ended, peer: Peer) {
    this.service = received.service;
    this.method = method;
    this.caller = received.caller;
    this.callerMethod = received.callerMethod;
    this.persistent = received.persistent;
    this.transient = received.transient;
    this.metadata = received.metadata;
    this.timeoutMs = received.timeoutMs;
    this.ended = ended;
    this.peer = peer;
  }
}

/** What the head of a request says. */
export interface Received {
  readonly service: string;
  /** Empty when the head names none. */
  readonly method: string;
  readonly caller: string | undefined;
  readonly callerMethod: string | undefined;
  readonly persistent: ReadonlyMap<string, string>;
  readonly transient: ReadonlyMap<string, string>;
  readonly metadata: Fields;
  readonly timeoutMs: number | undefined;
  /** Whether a side entry came, be it empty: then the peer is Slipstream. */
  readonly hasSideEntry: boolean;
}

/** What a request says that has no head. */
export const nothingReceived: Received = {
  service: "",
  method: "",
  caller: undefined,
  callerMethod: undefined,
  persistent: emptyMap,
  transient: emptyMap,
  metadata: noFields,
  timeoutMs: undefined,
  hasSideEntry: false,
};

/** @throws RpcError `internal` when the side entry is malformed. */
export function readStart(head: FrameHead): Received {
  let service = "";
  let persistent: Map<string, string> | undefined;
  let transient: Map<string, string> | undefined;
  let sideText: string | undefined;
  head.eachString((key, value) => {
    if (key === SERVICE_KEY) {
      service = value;
    } else if (key === SIDE_ENTRY_KEY) {
      sideText = value;
    } else if (value === "" || key.startsWith(UPSTREAM)) {
      // Empty values are none.
    } else if (key.startsWith(TRANSIENT)) {
      if (key.length > TRANSIENT.length) (transient ??= new Map()).set(key.slice(TRANSIENT.length), value);
    } else if (key.startsWith(PERSISTENT)) {
      if (key.length > PERSISTENT.length) (persistent ??= new Map()).set(key.slice(PERSISTENT.length), value);
    }
  });
  const side =
    sideText === undefined || sideText === emptySideEntry ? noSideEntry : decodeSideEntry(sideText);
  let method = "";
  let caller: string | undefined;
  let callerMethod: string | undefined;
  let timeout: string | undefined;
  head.eachInt((key, value) => {
    if (key === IntKey.toMethod) method = value;
    else if (key === IntKey.fromService) caller = value || undefined;
    else if (key === IntKey.fromMethod) callerMethod = value || undefined;
    else if (key === IntKey.rpcTimeout) timeout = value;
  });
  return {
    service,
    method,
    caller,
    callerMethod,
    persistent: side.persistent ?? persistent ?? emptyMap,
    transient: side.transient ?? transient ?? emptyMap,
    metadata: side.metadata ?? noFields,
    timeoutMs: readTimeout(timeout),
    hasSideEntry: sideText !== undefined,
  };
}

const noSideEntry: SideEntry = {};

/** Milliseconds; what is no number above 0 is no timeout. */
function readTimeout(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const timeoutMs = Number(text);
  return timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS ? timeoutMs : undefined;
}
