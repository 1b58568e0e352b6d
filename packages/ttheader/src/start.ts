import {
  type CallStart,
  decodeSideEntry,
  type Ended,
  emptySideEntry,
  type Fields,
  noFields,
  type Peer,
  readUtf8,
  type ServerStart,
  type SideEntry,
} from "@slipstream/stream";
import { SIDE_ENTRY_KEY } from "./fields.ts";
import * as IntKey from "./format/int-key.ts";
import { ACL_TOKEN_KEY } from "./format.ts";
import type { FrameHead, PairVisitor } from "./frame-head.ts";
import { type HeadWriter, pairBound } from "./head-writer.ts";
import { type IntVisitor, visitInts } from "./int-pairs.ts";
import { readName } from "./name-cache.ts";
import { asciiBytes, type TextRange } from "./platform.ts";

const SERVICE_KEY = "isn";
const PERSISTENT = "RPC_PERSIST_";
const TRANSIENT = "RPC_TRANSIT_";
/** What is transient and has travelled already; no sender writes it, and a receiver lets it end here. */
const UPSTREAM = "RPC_TRANSIT_UPSTREAM_";
const UPSTREAM_NAME = "UPSTREAM_";
/** The transient value that travels as a section of its own. */
const ACL_TOKEN_NAME = ACL_TOKEN_KEY.slice(TRANSIENT.length);
const MAX_TIMEOUT_MS = 0x7fffffff;

const metainfoBytes = /* @__PURE__ */ asciiBytes("RPC_");
const persistentBytes = /* @__PURE__ */ asciiBytes(PERSISTENT);
const transientBytes = /* @__PURE__ */ asciiBytes(TRANSIENT);
const upstreamBytes = /* @__PURE__ */ asciiBytes(UPSTREAM);
const serviceBytes = /* @__PURE__ */ asciiBytes(SERVICE_KEY);
const sideEntryBytes = /* @__PURE__ */ asciiBytes(SIDE_ENTRY_KEY);

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
  const start = new StartReader();
  head.visitPairs(start);
  start.readSideEntry();
  visitInts(head, start);
  return start;
}

/** Takes a request's head apart in one pass over each section, with as few strings made as can be. */
class StartReader implements Received, PairVisitor, IntVisitor {
  service = "";
  method = "";
  caller: string | undefined = undefined;
  callerMethod: string | undefined = undefined;
  persistent: ReadonlyMap<string, string> = emptyMap;
  transient: ReadonlyMap<string, string> = emptyMap;
  metadata: Fields = noFields;
  timeoutMs: number | undefined = undefined;
  #persistent: Map<string, string> | undefined = undefined;
  #transient: Map<string, string> | undefined = undefined;
  #sideEntry: string | undefined = undefined;

  get hasSideEntry(): boolean {
    return this.#sideEntry !== undefined;
  }

  onPair(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    text: TextRange,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (startsWith(bytes, keyStart, keyEnd, metainfoBytes)) {
      // Empty values are none, and what had travelled before ends here.
      if (valueStart === valueEnd || startsWith(bytes, keyStart, keyEnd, upstreamBytes)) return;
      const transient = keyStart + transientBytes.length;
      const persistent = keyStart + persistentBytes.length;
      if (transient < keyEnd && startsWith(bytes, keyStart, keyEnd, transientBytes)) {
        this.#transient ??= new Map();
        this.#transient.set(readName(bytes, transient, keyEnd), text.read(valueStart, valueEnd));
      } else if (persistent < keyEnd && startsWith(bytes, keyStart, keyEnd, persistentBytes)) {
        this.#persistent ??= new Map();
        this.#persistent.set(readName(bytes, persistent, keyEnd), text.read(valueStart, valueEnd));
      }
    } else if (isText(bytes, keyStart, keyEnd, serviceBytes)) {
      this.service = readName(bytes, valueStart, valueEnd);
    } else if (isText(bytes, keyStart, keyEnd, sideEntryBytes)) {
      this.#sideEntry = text.read(valueStart, valueEnd);
    }
  }

  onToken(value: string): void {
    if (value === "") return;
    this.#transient ??= new Map();
    this.#transient.set(ACL_TOKEN_NAME, value);
  }

  onInt(key: number, bytes: Uint8Array, start: number, end: number): void {
    if (key === IntKey.toMethod) this.method = readName(bytes, start, end);
    else if (key === IntKey.fromService) this.caller = readName(bytes, start, end) || undefined;
    else if (key === IntKey.fromMethod) this.callerMethod = readName(bytes, start, end) || undefined;
    else if (key === IntKey.rpcTimeout) this.timeoutMs = readTimeout(readUtf8(bytes, start, end));
  }

  /** Called when all pairs have been seen: a section that it holds is there instead of the native one. */
  readSideEntry(): void {
    const text = this.#sideEntry;
    const side = text === undefined || text === emptySideEntry ? noSideEntry : decodeSideEntry(text);
    this.persistent = side.persistent ?? this.#persistent ?? emptyMap;
    this.transient = side.transient ?? this.#transient ?? emptyMap;
    this.metadata = side.metadata ?? noFields;
  }
}

function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  return end - start === text.length && startsWith(bytes, start, end, text);
}

const noSideEntry: SideEntry = {};

/** Milliseconds; what is no number above 0 is no timeout. */
function readTimeout(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const timeoutMs = Number(text);
  return timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS ? timeoutMs : undefined;
}
