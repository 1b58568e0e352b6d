import { ErrorCode, errorCodeName, H2Error } from "./error.ts";
import type { Section } from "./field.ts";
import { ConnectionWindow, WindowGrowth } from "./flow-control.ts";
import { Flag, FrameType, MAX_31_BITS, PREFACE, putUint32 } from "./frame.ts";
import { Encoder } from "./hpack/encoder.ts";
import { Incoming } from "./incoming.ts";
import { LimitError } from "./limit-error.ts";
import type { Link, LinkReceiver } from "./link.ts";
import { OpenQueue } from "./open-queue.ts";
import { type ResolvedOptions, resolveOptions, type SessionOptions } from "./options.ts";
import { Output } from "./output.ts";
import { OwnSettings, type SettingsChange } from "./own-settings.ts";
import { Pings } from "./pings.ts";
import { later, utf8Bytes } from "./platform.ts";
import { requestSection, responseSection, type ServerSectionOwner } from "./sections.ts";
import { Sender } from "./sender.ts";
import { changedSettings, DEFAULT_PEER_SETTINGS } from "./settings.ts";
import { Progress, SessionStream, UNHANDLED } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";
import { Timeouts } from "./timeouts.ts";
import type {
  Fields,
  OpenWaiter,
  PeerSettings,
  Session,
  SessionHandler,
  ShutdownOptions,
  Stream,
  StreamClose,
  StreamHandler,
} from "./types.ts";

/** Streams of a client before the server's SETTINGS say how many it takes. */
const STREAMS_BEFORE_SETTINGS = 100;
/** How long the peer has to close the link after our GOAWAY. */
const LINGER_MS = 1000;
/** How long it has to answer the PING between the two GOAWAY frames of a shutdown. */
const SHUTDOWN_PING_MS = 10_000;
/** Of the debug text of a GOAWAY. */
const MAX_DEBUG_BYTES = 1024;

/** How far the end of the session has come. */
const Phase = { OPEN: 0, DRAINING: 1, OVER: 2 } as const;

/** A session of this package: {@link Session}, and settings that may change. */
export interface H2Session extends Session {
  /** Tells the peer of new limits (RFC 9113, 6.5). */
  changeSettings(change: SettingsChange): void;
}

/** An HTTP/2 connection over a link, as the client. The preface and our SETTINGS are sent at once. */
export function createClientSession(
  link: Link,
  handler: SessionHandler,
  options: SessionOptions = {},
): H2Session {
  return new Connection(link, handler, resolveOptions(options), false);
}

/** An HTTP/2 connection over a link, as the server. */
export function createServerSession(
  link: Link,
  handler: SessionHandler,
  options: SessionOptions = {},
): H2Session {
  return new Connection(link, handler, resolveOptions(options), true);
}

/** The connection: its streams, and its life from SETTINGS to GOAWAY. */
class Connection implements H2Session, ServerSectionOwner, LinkReceiver {
  readonly sender: Sender;
  readonly receiveWindow: ConnectionWindow;
  readonly growth: WindowGrowth;
  peerSettings: PeerSettings = DEFAULT_PEER_SETTINGS;

  readonly #link: Link;
  readonly #handler: SessionHandler;
  readonly #options: ResolvedOptions;
  readonly #isServer: boolean;
  readonly #output: Output;
  readonly #encoder: Encoder;
  readonly #incoming: Incoming;
  readonly #own: OwnSettings;
  readonly #pings: Pings;
  readonly #timeouts: Timeouts;
  readonly #streams: StreamTable<SessionStream> = new StreamTable<SessionStream>();
  readonly #openQueue: OpenQueue;

  #phase: number = Phase.OPEN;
  /** The id of our next stream. */
  #nextId = 1;
  /** The highest id that the peer opened, and the highest that we will answer. */
  #lastPeerId = 0;
  #maxPeerId = MAX_31_BITS;
  /** The peer said that it takes no new streams. */
  #isPeerDraining = false;
  #hasPeerSettings = false;
  #isReadingPaused = false;
  /** Streams that we reset, each at its number modulo the length: newer ones push out older ones. */
  #resetHere: Uint32Array | undefined;
  #stopGrace: (() => void) | undefined;

  constructor(link: Link, handler: SessionHandler, options: ResolvedOptions, isServer: boolean) {
    this.#link = link;
    this.#handler = handler;
    this.#options = options;
    this.#isServer = isServer;
    this.#timeouts = new Timeouts(this, options);
    this.#output = new Output(link, () => this.#timeouts.write.start());
    this.#encoder = new Encoder(options.headerTableBytes);
    this.sender = new Sender(this.#output, this.#encoder);
    this.growth = new WindowGrowth(options.streamWindowBytes, options.maxWindowBytes);
    this.receiveWindow = new ConnectionWindow(
      options.connectionWindowBytes,
      options.maxUnreadBytes,
      this.growth,
    );
    this.#incoming = new Incoming(this, options, isServer, this.#timeouts.headers);
    this.#pings = new Pings(this.#output);
    this.#openQueue = new OpenQueue(() => this.#canStart());
    const { parser, decoder } = this.#incoming;
    this.#own = new OwnSettings(this.#output, parser, decoder, options, this.#timeouts.settings, (by) => {
      for (const stream of this.#streams.all()) stream.changeReceiveWindow(by);
    });
    link.start(this);
    if (!isServer) this.#output.raw(PREFACE);
    this.#own.send({
      headerTableSize: options.headerTableBytes,
      ...(isServer ? { maxConcurrentStreams: options.maxConcurrentStreams } : { enablePush: false }),
      initialWindowSize: options.streamWindowBytes,
      maxFrameSize: options.maxFrameBytes,
      maxHeaderListSize: options.maxHeaderListBytes,
    });
    const increment = this.receiveWindow.increment();
    if (increment > 0) this.#output.numberFrame(FrameType.WINDOW_UPDATE, 0, increment);
    this.#timeouts.handshake.start();
  }

  // Session: what the application asks for.

  get openStreams(): number {
    return this.#streams.size;
  }

  get isUsable(): boolean {
    return this.#phase === Phase.OPEN && !this.#isPeerDraining && this.#nextId <= MAX_31_BITS;
  }

  canOpen(): boolean {
    return this.#openQueue.isEmpty && this.#canStart();
  }

  #hasSlot(): boolean {
    const max = this.#hasPeerSettings ? this.peerSettings.maxConcurrentStreams : STREAMS_BEFORE_SETTINGS;
    return this.isUsable && this.#streams.size < max;
  }

  /** Nobody is told to go ahead while the link is full: the request would lie in memory. */
  #canStart(): boolean {
    return this.#hasSlot() && !this.#output.isBlocked;
  }

  awaitOpen(waiter: OpenWaiter): void {
    this.#openQueue.add(waiter);
    this.#link.schedule(() => {
      if (this.isUsable) this.#openQueue.run();
      else this.#openQueue.refuse(this.#cannotOpen());
    });
  }

  cancelOpen(waiter: OpenWaiter): void {
    this.#openQueue.delete(waiter);
  }

  open(handler: StreamHandler, shared: Fields, fields?: Fields, endStream = false): Stream {
    if (!(this.#openQueue.isEmpty || this.#openQueue.isTurn) || !this.#hasSlot()) throw this.#cannotOpen();
    const id = this.#nextId;
    this.sender.headers(id, endStream ? Flag.END_STREAM : 0, shared, fields);
    this.#nextId += 2;
    if (this.#nextId > MAX_31_BITS)
      this.#event("ids_used_up", "the last stream id of the connection is in use");
    const sending = endStream ? Progress.ENDED : Progress.OPEN;
    const window = this.peerSettings.initialWindowSize;
    const stream = new SessionStream(this, id, handler, sending, window, this.#own.initialWindow);
    this.#streams.add(stream);
    this.#timeouts.streamOpened();
    return stream;
  }

  #cannotOpen(): H2Error {
    const why =
      this.#phase !== Phase.OPEN
        ? "the session is closed or shuts down"
        : this.#isPeerDraining
          ? "the peer takes no new streams (GOAWAY)"
          : this.#nextId > MAX_31_BITS
            ? "the connection has no stream ids left"
            : `${this.#streams.size} are open, or others wait; see canOpen()`;
    return new H2Error(ErrorCode.REFUSED_STREAM, `no stream can be opened: ${why}`);
  }

  changeSettings(change: SettingsChange): void {
    if (this.#phase === Phase.OVER) return;
    resolveOptions(change);
    const { streamWindowBytes, headerTableBytes, maxConcurrentStreams, maxFrameBytes, maxHeaderListBytes } =
      change;
    if (streamWindowBytes !== undefined) this.growth.windowBytes = streamWindowBytes;
    this.#own.send({
      ...(headerTableBytes === undefined ? {} : { headerTableSize: headerTableBytes }),
      ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }),
      ...(streamWindowBytes === undefined ? {} : { initialWindowSize: streamWindowBytes }),
      ...(maxFrameBytes === undefined ? {} : { maxFrameSize: maxFrameBytes }),
      ...(maxHeaderListBytes === undefined ? {} : { maxHeaderListSize: maxHeaderListBytes }),
    });
  }

  ping(done: (rttMs: number | undefined) => void): void {
    if (this.#phase === Phase.OVER) done(undefined);
    else this.#pings.send(done);
  }

  shutdown({ debug = "", graceMs, resetCode = ErrorCode.CANCEL }: ShutdownOptions = {}): void {
    if (this.#phase !== Phase.OPEN) return;
    this.#phase = Phase.DRAINING;
    this.#openQueue.refuse(this.#cannotOpen());
    if (graceMs !== undefined) {
      this.#stopGrace = later(() => {
        for (const stream of this.#streams.all()) stream.reset(resetCode);
      }, graceMs);
    }
    if (!this.#isServer) {
      this.#sayGoaway(0, ErrorCode.NO_ERROR, debug);
      this.#endIfDrained();
      return;
    }
    // The highest id first, so that requests on their way are still taken (RFC 9113, 6.8).
    this.#sayGoaway(MAX_31_BITS, ErrorCode.NO_ERROR, debug);
    let isFinal = false;
    const finish = (): void => {
      if (isFinal || this.#phase === Phase.OVER) return;
      isFinal = true;
      stopWaiting();
      this.#maxPeerId = this.#lastPeerId;
      this.#sayGoaway(this.#lastPeerId, ErrorCode.NO_ERROR, debug);
      this.#endIfDrained();
    };
    const stopWaiting = later(finish, SHUTDOWN_PING_MS);
    this.#pings.send((rttMs) => (rttMs === undefined ? stopWaiting() : finish()));
  }

  destroy(code: number = ErrorCode.NO_ERROR, debug = ""): void {
    if (this.#phase === Phase.OVER) return;
    const message = debug === "" ? `the session was closed here with ${errorCodeName(code)}` : debug;
    this.#close(code, debug, code === ErrorCode.NO_ERROR ? undefined : new H2Error(code, message), message);
  }

  // The end.

  #sayGoaway(lastStreamId: number, code: number, debug: string): void {
    const text = utf8Bytes(debug).subarray(0, MAX_DEBUG_BYTES);
    const payload = new Uint8Array(8 + text.length);
    putUint32(payload, 0, lastStreamId);
    putUint32(payload, 4, code);
    payload.set(text, 8);
    this.#output.frame(FrameType.GOAWAY, 0, 0, payload);
    this.#event("goaway_sent", `${errorCodeName(code)} ${debug}`, { code });
  }

  /** A shutdown is complete once no stream is left that may still be answered. */
  #endIfDrained(): void {
    if (this.#streams.size > 0 || this.#phase === Phase.OVER) return;
    const isOurs = this.#phase === Phase.DRAINING && (!this.#isServer || this.#maxPeerId !== MAX_31_BITS);
    if (isOurs) this.#over(undefined, "the session was shut down");
    else if (this.#isPeerDraining && !this.#isServer) this.destroy();
  }

  #close(code: number, debug: string, error: Error | undefined, message: string): void {
    this.#sayGoaway(Math.min(this.#lastPeerId, this.#maxPeerId), code, debug);
    this.#over(error, message, code);
  }

  /** Sends what is to be sent, and lets go of everything. */
  #over(error: Error | undefined, message: string, code: number = ErrorCode.INTERNAL_ERROR): void {
    if (this.#phase === Phase.OVER) return;
    this.#phase = Phase.OVER;
    this.#incoming.parser.isStopped = true;
    this.#output.flush();
    this.#output.close();
    this.#timeouts.stop();
    this.#stopGrace?.();
    this.#setReading(true);
    this.#link.end();
    this.#stopLinger = later(() => this.#link.destroy(), LINGER_MS);
    for (const stream of this.#streams.all()) {
      this.#streamClosed(stream, { code, by: "connection", unprocessed: false, message });
    }
    this.#pings.close();
    this.#openQueue.refuse(this.#cannotOpen());
    this.#event("closed", message, { code });
    this.#handler.onClose(error);
  }

  #stopLinger: (() => void) | undefined;

  /** The peer broke a rule, or a limit, or our own code threw. */
  #fail(error: unknown): void {
    if (this.#phase === Phase.OVER) throw error;
    if (!(error instanceof H2Error)) {
      this.#close(ErrorCode.INTERNAL_ERROR, "", error as Error, "a handler threw");
      throw error;
    }
    if (error instanceof LimitError)
      this.#event("limit", error.message, { limit: error.limit, code: error.code });
    this.#close(error.code, error.message, error, error.message);
  }

  /** A time-out ran out. */
  timedOut(limit: keyof SessionOptions, message: string, code: number): void {
    this.#fail(new LimitError(limit, message, code));
  }

  #event(
    type: string,
    message: string,
    more: { limit?: string; code?: number; streamId?: number } = {},
  ): void {
    this.#handler.onEvent({ type, message, ...more });
  }

  // LinkReceiver.

  onData(chunk: Uint8Array): void {
    if (this.#phase === Phase.OVER) return;
    this.#timeouts.heard();
    try {
      this.#incoming.parser.push(chunk);
    } catch (error) {
      this.#fail(error);
    }
    if (this.#output.blockedBytes > this.#options.maxUnsentBytes) this.#setReading(false);
  }

  #setReading(isReading: boolean): void {
    if (this.#isReadingPaused !== isReading) return;
    this.#isReadingPaused = !isReading;
    if (isReading) {
      this.#link.resume();
    } else {
      this.#event("limit", "the peer reads nothing of what it is sent: nothing more is read from it", {
        limit: "maxUnsentBytes",
      });
      this.#link.pause();
    }
  }

  onDrain(): void {
    if (this.#phase === Phase.OVER) return;
    this.#output.unblock();
    this.#timeouts.write.stop();
    this.#setReading(true);
    this.sender.resume();
    this.#openQueue.run();
  }

  onClose(error?: Error): void {
    this.#stopLinger?.();
    if (this.#phase === Phase.OVER) return;
    const open = this.#streams.size;
    const isInOrder = error === undefined && open === 0 && this.#hasPeerSettings;
    const message = error?.message ?? `the peer closed the link with ${open} streams open`;
    this.#output.close();
    this.#over(isInOrder ? undefined : (error ?? new H2Error(ErrorCode.CONNECT_ERROR, message)), message);
  }

  // FrameOwner: what the peer's frames ask for.

  findStream(id: number): SessionStream | undefined {
    return this.#streams.get(id);
  }

  isIdle(id: number): boolean {
    if ((id & 1) === 0) return true;
    return this.#isServer ? id > this.#lastPeerId : id >= this.#nextId;
  }

  wasResetHere(id: number): boolean {
    const ids = this.#resetHere;
    return ids !== undefined && ids[(id >>> 1) & (ids.length - 1)] === id;
  }

  #noteReset(id: number): void {
    this.#resetHere ??= new Uint32Array(
      2 ** Math.ceil(Math.log2(this.#options.maxConcurrentStreams * 2 + 16)),
    );
    this.#resetHere[(id >>> 1) & (this.#resetHere.length - 1)] = id;
  }

  onSection(streamId: number, section: Section, endStream: boolean): void {
    if (this.#isServer) requestSection(this, this.#incoming, streamId, section, endStream);
    else responseSection(this, this.#incoming, streamId, section, endStream);
  }

  onOversizedSection(streamId: number): void {
    const message = `a header section larger than ${this.#options.maxHeaderListBytes} bytes`;
    this.#event("limit", message, { limit: "maxHeaderListBytes", streamId });
    this.failStream(streamId, ErrorCode.ENHANCE_YOUR_CALM, message);
  }

  admit(streamId: number): boolean {
    this.#lastPeerId = streamId;
    // The peer has been told that these are not looked at.
    if (streamId > this.#maxPeerId) return false;
    if (this.#streams.size < this.#own.maxConcurrentStreams) return true;
    this.#event("limit", "a stream more than is allowed was refused", {
      limit: "maxConcurrentStreams",
      streamId,
    });
    this.failStream(streamId, ErrorCode.REFUSED_STREAM, "too many streams are open");
    return false;
  }

  acceptStream(streamId: number, fields: Fields, contentLeft: number, endStream: boolean): void {
    const window = this.peerSettings.initialWindowSize;
    const progress = Progress.BEFORE_HEADERS;
    const stream = new SessionStream(this, streamId, UNHANDLED, progress, window, this.#own.initialWindow);
    stream.receiving = Progress.OPEN;
    stream.contentLeft = contentLeft;
    this.#streams.add(stream);
    this.#timeouts.streamOpened();
    stream.handler = this.#handler.onStream(stream, fields, endStream);
    if (stream.isClosed) stream.handler.onClose(stream.closeReason);
    else if (endStream) stream.receivingEnded();
  }

  onLateData(streamId: number): void {
    if (this.#isServer && !this.wasResetHere(streamId) && streamId <= this.#maxPeerId) {
      this.failStream(streamId, ErrorCode.STREAM_CLOSED, "DATA on a stream that is over");
    }
  }

  failStream(streamId: number, code: number, message: string): void {
    this.#incoming.countReset();
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) {
      stream.resetBecause(code, message);
    } else {
      this.#noteReset(streamId);
      this.#output.numberFrame(FrameType.RST_STREAM, streamId, code);
    }
  }

  onReset(stream: SessionStream, code: number): void {
    const unprocessed = code === ErrorCode.REFUSED_STREAM;
    const message = `the peer reset the stream with ${errorCodeName(code)}`;
    this.streamOver(stream, { code, by: "peer", unprocessed, message });
  }

  onSettings(payload: Uint8Array, start: number, end: number): void {
    const before = this.peerSettings;
    const settings = changedSettings(before, payload, start, end, !this.#isServer);
    this.peerSettings = settings;
    this.#own.acknowledge();
    this.#encoder.setPeerTableBytes(settings.headerTableSize);
    this.sender.maxFrameSize = Math.min(settings.maxFrameSize, this.#options.maxSendFrameBytes);
    this.sender.maxListBytes = settings.maxHeaderListSize;
    const windowChange = settings.initialWindowSize - before.initialWindowSize;
    if (windowChange !== 0) this.#changeSendWindows(windowChange);
    if (!this.#hasPeerSettings) {
      this.#hasPeerSettings = true;
      this.#timeouts.handshake.stop();
    }
    this.#handler.onSettings(settings);
    this.#openQueue.run();
  }

  /** RFC 9113, 6.9.2. */
  #changeSendWindows(by: number): void {
    for (const stream of this.#streams.all()) {
      if (stream.sendWindow + by > MAX_31_BITS) {
        throw new H2Error(
          ErrorCode.FLOW_CONTROL_ERROR,
          "INITIAL_WINDOW_SIZE makes a window larger than 2^31-1",
        );
      }
      stream.changeSendWindow(by);
    }
    this.sender.resume();
  }

  onSettingsAck(): void {
    this.#own.acknowledged();
  }

  onPingAck(payload: Uint8Array, start: number): void {
    this.#pings.acknowledged(payload, start);
  }

  onGoaway(lastStreamId: number, code: number, debug: Uint8Array): void {
    this.#isPeerDraining = true;
    this.#event("goaway_received", `${errorCodeName(code)}, last stream ${lastStreamId}`, { code });
    if (!this.#isServer) {
      const message = `the peer went away (${errorCodeName(code)}) without looking at the stream`;
      for (const stream of this.#streams.all()) {
        if (stream.id > lastStreamId) {
          this.streamOver(stream, { code, by: "connection", unprocessed: true, message });
        }
      }
    }
    this.#openQueue.refuse(this.#cannotOpen());
    this.#handler.onGoaway(lastStreamId, code, debug);
    this.#endIfDrained();
  }

  probe(): void {
    this.#pings.send((rttMs) => {
      if (rttMs !== undefined) this.growth.answered();
    });
  }

  // Streams that end.

  streamOver(stream: SessionStream, reason: StreamClose | undefined): void {
    if (stream.isClosed) return;
    if (reason?.by === "local") this.#noteReset(stream.id);
    this.#streamClosed(stream, reason);
    if (this.#phase !== Phase.OPEN || this.#isPeerDraining) this.#endIfDrained();
    if (!this.#openQueue.isEmpty) this.#openQueue.run();
  }

  #streamClosed(stream: SessionStream, reason: StreamClose | undefined): void {
    this.#streams.delete(stream);
    stream.close(reason);
  }

  streamHeldBack(): void {
    this.#timeouts.stalls.start();
  }

  /** Looks for streams that the peer's windows have held up for too long. */
  checkStalls(maxStalls: number): void {
    let isAny = false;
    for (const stream of this.#streams.all()) {
      if (stream.bufferedBytes === 0) continue;
      isAny = true;
      // A full link is the write time-out's business.
      if (this.#output.isBlocked || ++stream.stalls < maxStalls) continue;
      const message = "the peer's windows let out nothing for too long";
      this.#event("limit", message, { limit: "stalledStreamTimeoutMs", streamId: stream.id });
      stream.resetBecause(ErrorCode.CANCEL, message);
    }
    if (isAny) this.#timeouts.stalls.start();
  }
}
