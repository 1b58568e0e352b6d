import {
  type CallStart,
  decodeSideEntry,
  type Ended,
  emptySideEntry,
  encodeSideEntry,
  type Fields,
  noFields,
  type Peer,
  type ServerStart,
  type SideEntry,
} from "@slipstream/stream";
import { SIDE_ENTRY_KEY } from "./fields.ts";
import { IntKey } from "./format.ts";
import type { IntPair, StringPair } from "./frame-encode.ts";
import type { FrameHead } from "./frame-head.ts";

const SERVICE_KEY = "isn";
const PERSISTENT = "RPC_PERSIST_";
const TRANSIENT = "RPC_TRANSIT_";
/** What is transient and has travelled already; no sender writes it, and a receiver lets it end here. */
const UPSTREAM = "RPC_TRANSIT_UPSTREAM_";
const UPSTREAM_NAME = "UPSTREAM_";
const MAX_TIMEOUT_MS = 0x7fffffff;

const emptyMap: ReadonlyMap<string, string> = new Map();

/** What a request says of its call, in pairs: the same for streams and ping-pong. */
export function startPairs(start: CallStart, side: SideEntry | undefined): StringPair[] {
  const pairs: StringPair[] = [[SERVICE_KEY, start.service]];
  for (const [key, value] of start.persistent) pairs.push([PERSISTENT + key, value]);
  for (const [key, value] of start.transient) pairs.push([TRANSIENT + key, value]);
  if (side !== undefined) pairs.push([SIDE_ENTRY_KEY, encodeSideEntry(side)]);
  return pairs;
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
export function startInts(start: CallStart, withCaller: boolean): IntPair[] {
  const ints: IntPair[] = [];
  if (start.timeoutMs !== undefined) {
    const timeoutMs = Math.min(MAX_TIMEOUT_MS, Math.max(1, Math.ceil(start.timeoutMs)));
    ints.push([IntKey.rpcTimeout, String(timeoutMs)]);
  }
  if (!withCaller) return ints;
  if (start.caller !== undefined) ints.push([IntKey.fromService, start.caller]);
  if (start.callerMethod !== undefined) ints.push([IntKey.fromMethod, start.callerMethod]);
  return ints;
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
