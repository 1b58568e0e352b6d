import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2Session,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import { constants } from "node:http2";
import type { Socket } from "node:net";
import {
  ErrorCode,
  type Fields,
  type OpenWaiter,
  type PeerSettings,
  type Session,
  type SessionHandler,
  type ShutdownOptions,
  type Stream,
  type StreamClose,
  type StreamHandler,
} from "@slipstream/h2";
import type { SessionSettings } from "../session-engine.ts";
import { ReceivedSections, toNodeHeaders } from "./fields.ts";
import { Keepalive } from "./keepalive.ts";
import { cannotOpen, NodeStream, type StreamOwner } from "./stream.ts";
import { sectionBytes, Turn } from "./turn.ts";
import { Unwritten } from "./turn-buffer.ts";

/** Streams of a client before the server's SETTINGS say how many it takes. */
const streamsBeforeSettings = 100;
const allIds = 2 ** 31 - 1;
const noFields: Fields = [];
/** What a stream may hold unsent before it is asked to wait. A lone one may hold more: each turn costs Node as much as some twenty messages. */
const highWaterBytes = 64 * 1024;
const loneHighWaterBytes = 128 * 1024;
/** How long answers may take to leave a session that was destroyed, and the peer to close its end. */
const lingerMs = 1000;

/** Node's `Http2Session`, either side, as a session. */
export class NodeSession implements Session, StreamOwner {
  readonly isServer: boolean;
  readonly maxUnreadBytes: number;
  readonly unwritten: Unwritten = new Unwritten();
  readonly turn: Turn = new Turn();
  readonly received: ReceivedSections = new ReceivedSections();
  readonly #node: ClientHttp2Session | ServerHttp2Session;
  readonly #socket: Socket;
  readonly #handler: SessionHandler;
  readonly #streams = new Set<NodeStream>();
  readonly #waiters: OpenWaiter[] = [];
  readonly #keepalive: Keepalive;
  #peerSettings: PeerSettings = defaultSettings;
  #hasSettings = false;
  #isDraining = false;
  #isTurn = false;
  #isClosed = false;
  #error: Error | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  /** The code of a `destroy` that waits for answers to leave. */
  #endsWith: number | undefined;

  constructor(
    node: ClientHttp2Session | ServerHttp2Session,
    socket: Socket,
    handler: SessionHandler,
    settings: SessionSettings,
  ) {
    this.#node = node;
    this.#socket = socket;
    this.#handler = handler;
    // Node buffers up to a window more while a stream is paused.
    this.maxUnreadBytes = settings.streamWindowBytes / 2;
    this.isServer = isServer(node);
    this.#keepalive = new Keepalive(node, this, settings, this.isServer, () => this.#silent());
    const session: Http2Session = node;
    session.on("error", (error) => {
      this.#error ??= error;
      // Node ends such a session at once, and may say "close" only when the peer has closed its end.
      this.#closed(error.message);
    });
    session.on("remoteSettings", () => this.#settings());
    session.on("goaway", (code, lastStreamId, debug) => this.#goaway(code, lastStreamId, debug));
    session.on("frameError", () => {});
    session.on("close", () => this.#closed("the session was closed"));
    // Before Node's own listener, which closes streams as if the peer had reset them.
    socket.prependListener("close", () => this.#closed("the connection was closed"));
    // A server may get its requests in the same turn as the session.
    const start = (): void => {
      if (!node.destroyed && holdsWindow(socket)) node.setLocalWindowSize(settings.connectionWindowBytes);
    };
    if (session.connecting) session.once("connect", start);
    else start();
  }

  /** A request came. */
  accept(node: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
    // Node reads nothing while the socket writes.
    this.unwritten.forget();
    const stream = new NodeStream(node, this);
    this.#streams.add(stream);
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    this.turn.tell(sectionBytes, () => {
      stream.start(this.#handler.onStream(stream, this.received.read(raw), endStream));
      stream.read();
    });
  }

  // Session.

  get peerSettings(): PeerSettings {
    return this.#peerSettings;
  }

  get isLost(): boolean {
    return this.#isClosed || this.#node.destroyed;
  }

  get maxSendListBytes(): number {
    return this.#peerSettings.maxHeaderListSize;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  get isUsable(): boolean {
    return !this.#isClosed && !this.#isDraining && !this.#node.closed && !this.#node.destroyed;
  }

  canOpen(): boolean {
    return this.#waiters.length === 0 && this.#hasSlot();
  }

  awaitOpen(waiter: OpenWaiter): void {
    this.#waiters.push(waiter);
    process.nextTick(() => this.#runWaiters());
  }

  cancelOpen(waiter: OpenWaiter): void {
    const at = this.#waiters.indexOf(waiter);
    if (at >= 0) this.#waiters.splice(at, 1);
  }

  open(handler: StreamHandler, shared: Fields, fields: Fields = noFields, endStream = false): Stream {
    if (!this.isUsable) throw cannotOpen("the session is closed, or one side takes no new streams");
    if (!this.#hasSlot() || !(this.#waiters.length === 0 || this.#isTurn)) {
      throw cannotOpen(`${this.#streams.size} are open, or others wait`);
    }
    const headers = toNodeHeaders(shared, fields, this.maxSendListBytes);
    const session = this.#node as ClientHttp2Session;
    this.turn.wrote(sectionBytes);
    const node: ClientHttp2Stream = session.request(headers, endStream ? { endStream } : undefined);
    const stream = new NodeStream(node, this);
    stream.start(handler);
    node.on("response", (_headers, flags, raw?: string[]) => {
      stream.onHeaders(raw ?? [], (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
    });
    node.on("headers", (_headers, _flags, raw?: string[]) => stream.onInformational(raw ?? []));
    this.#streams.add(stream);
    return stream;
  }

  ping(done: (rttMs: number | undefined) => void): void {
    const sent =
      !this.#node.destroyed && this.#node.ping((error, durationMs) => done(error ? undefined : durationMs));
    if (!sent) done(undefined);
  }

  shutdown({ debug = "", graceMs, resetCode = ErrorCode.CANCEL }: ShutdownOptions = {}): void {
    if (this.#isDraining || this.#isClosed) return;
    const node = this.#node;
    this.#isDraining = true;
    this.#refuseWaiters();
    if (graceMs !== undefined) {
      this.#graceTimer = setTimeout(() => {
        for (const stream of [...this.#streams]) stream.reset(resetCode);
      }, graceMs);
    }
    if (!isServer(node)) {
      node.close();
      return;
    }
    // nghttp2 looks at no stream that comes after any GOAWAY. The one of `close` says which those were.
    node.goaway(ErrorCode.NO_ERROR, allIds, Buffer.from(debug));
    this.ping(() => {
      if (!node.destroyed) node.close();
    });
  }

  destroy(code: number = ErrorCode.NO_ERROR, debug = ""): void {
    const node = this.#node;
    this.turn.finish();
    if (this.#isClosed) return;
    const message = debug === "" ? `the session was closed here with code ${code}` : debug;
    if (node.destroyed) {
      this.#closed(message, code);
      return;
    }
    node.goaway(code, 0, Buffer.from(debug));
    // Answers that are complete still leave; so does what Node has to send, unlike without `close`.
    this.#endsWith = code;
    const mayFinish = isServer(node);
    for (const stream of [...this.#streams]) {
      if (!mayFinish || !stream.isEnding) stream.lose(this.#lost(message, code));
    }
    node.close();
    this.#lingerTimer = setTimeout(() => this.#closed(message, code), lingerMs);
    if (this.#streams.size === 0) this.#closed(message, code);
  }

  // StreamOwner.

  get highWaterBytes(): number {
    return this.#streams.size === 1 ? loneHighWaterBytes : highWaterBytes;
  }

  streamClosed(stream: NodeStream): void {
    this.#streams.delete(stream);
    if (this.#endsWith !== undefined && this.#streams.size === 0) {
      const code = this.#endsWith;
      setImmediate(() => this.#closed(`the session was closed here with code ${code}`, code));
    }
    if (this.#waiters.length > 0) process.nextTick(() => this.#runWaiters());
  }

  #silent(): void {
    this.#error ??= new Error("the peer did not answer a PING");
    this.destroy(ErrorCode.NO_ERROR, this.#error.message);
  }

  #hasSlot(): boolean {
    const max = this.#hasSettings ? this.#peerSettings.maxConcurrentStreams : streamsBeforeSettings;
    return this.isUsable && this.#streams.size < max;
  }

  #runWaiters(): void {
    if (!this.isUsable) this.#refuseWaiters();
    this.#isTurn = true;
    while (this.#waiters.length > 0 && this.#hasSlot()) this.#waiters.shift()?.onCanOpen();
    this.#isTurn = false;
  }

  #refuseWaiters(): void {
    for (const waiter of this.#waiters.splice(0))
      waiter.onCannotOpen(cannotOpen("the session takes no new streams"));
  }

  #settings(): void {
    const settings = this.#node.remoteSettings;
    this.#peerSettings = {
      headerTableSize: settings.headerTableSize ?? defaultSettings.headerTableSize,
      enablePush: settings.enablePush ?? defaultSettings.enablePush,
      maxConcurrentStreams: settings.maxConcurrentStreams ?? defaultSettings.maxConcurrentStreams,
      initialWindowSize: settings.initialWindowSize ?? defaultSettings.initialWindowSize,
      maxFrameSize: settings.maxFrameSize ?? defaultSettings.maxFrameSize,
      maxHeaderListSize: settings.maxHeaderListSize ?? defaultSettings.maxHeaderListSize,
    };
    this.#hasSettings = true;
    this.#handler.onSettings(this.#peerSettings);
    this.#runWaiters();
  }

  #goaway(code: number, lastStreamId: number, debug: Uint8Array | undefined): void {
    this.#isDraining = true;
    this.#handler.onEvent({
      type: "goaway_received",
      message: `code ${code}, last stream ${lastStreamId}`,
      code,
    });
    // A draining server says so twice; Node ends such a session by itself once its streams are over.
    this.#handler.onGoaway(lastStreamId, code, debug ?? new Uint8Array());
    this.#refuseWaiters();
  }

  #lost(message: string, code: number): StreamClose {
    return { code, by: "connection", unprocessed: false, message };
  }

  #closed(message: string, code: number = ErrorCode.INTERNAL_ERROR): void {
    // What came before is told before.
    this.turn.finish();
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#graceTimer);
    clearTimeout(this.#lingerTimer);
    this.#keepalive.stop();
    const wasInUse = this.#streams.size > 0;
    const text = this.#error?.message ?? message;
    for (const stream of [...this.#streams]) stream.lose(this.#lost(text, code));
    if (!this.#node.destroyed) this.#node.destroy(undefined, code);
    // Node ends the socket, and waits for the peer to do so, too.
    const socket = this.#socket;
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    if (socket.destroyed) clearTimeout(timer);
    else socket.once("close", () => clearTimeout(timer));
    this.#refuseWaiters();
    this.#handler.onEvent({ type: "closed", message: text });
    this.#handler.onClose(this.#error ?? (wasInUse ? new Error(text) : undefined));
  }
}

const defaultSettings: PeerSettings = {
  headerTableSize: 4096,
  enablePush: true,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowSize: 65_535,
  maxFrameSize: 16_384,
  maxHeaderListSize: Number.POSITIVE_INFINITY,
};

/**
 * Whether the kernel has room for what a large window lets out. Node takes no DATA while its own writes wait (seen in Node 20), so two sides
 * that send would wait for each other for ever when both windows do not fit. A Unix socket holds 200 KiB.
 */
function holdsWindow(socket: Socket): boolean {
  return socket.remoteFamily !== undefined;
}

function isServer(node: ClientHttp2Session | ServerHttp2Session): node is ServerHttp2Session {
  return node.type === constants.NGHTTP2_SESSION_SERVER;
}
