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
import { OwnSettings } from "./own-settings.ts";
import { Pings } from "./pings.ts";
import { later, utf8Bytes } from "./platform.ts";
import { ResetIds } from "./reset-ids.ts";
import { requestSection, responseSection, type ServerSectionOwner } from "./sections.ts";
import { Sender } from "./sender.ts";
import { changedSettings, DEFAULT_PEER_SETTINGS } from "./settings.ts";
import { Shutdown } from "./shutdown.ts";
import { Progress, SessionStream, UNHANDLED } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";
import { Timeouts } from "./timeouts.ts";
import type {
  Fields,
  H2Session,
  OpenWaiter,
  PeerSettings,
  SessionEvent,
  SessionHandler,
  SettingsChange,
  ShutdownOptions,
  Stream,
  StreamClose,
  StreamHandler,
} from "./types.ts";

/** Streams of a client before the server's SETTINGS say how many it takes. */
const STREAMS_BEFORE_SETTINGS = 100;
/** How long the peer has to close the link after our GOAWAY. */
const LINGER_MS = 1000;
/** Of the debug text of a GOAWAY. */
const MAX_DEBUG_BYTES = 1024;

/** The connection: its streams, and its life from SETTINGS to GOAWAY. */
export class HttpSession implements H2Session, ServerSectionOwner, LinkReceiver {
  readonly sender: Sender;
  readonly receiveWindow: ConnectionWindow;
  readonly growth: WindowGrowth;
  peerSettings: PeerSettings = DEFAULT_PEER_SETTINGS;
  /** The highest id that the peer has opened. */
  lastPeerId = 0;

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
  readonly #shutdown: Shutdown = new Shutdown(this);
  readonly #resetIds: ResetIds;

  #isOver = false;
  /** The id of our next stream. */
  #nextId = 1;
  /** The peer said that it takes no new streams. */
  #isPeerDraining = false;
  #hasPeerSettings = false;
  #isReadingPaused = false;
  #isLinkClosed = false;
  #stopLinger: (() => void) | undefined;

  constructor(link: Link, handler: SessionHandler, options: ResolvedOptions, isServer: boolean) {
    this.#link = link;
    this.#handler = handler;
    this.#options = options;
    this.#isServer = isServer;
    this.#timeouts = new Timeouts(this, options);
    this.#resetIds = new ResetIds(options.maxConcurrentStreams * 2);
    this.#output = new Output(link, () => this.#timeouts.write.start());
    this.#encoder = new Encoder(options.headerTableBytes);
    this.sender = new Sender(this.#output, this.#encoder);
    this.growth = new WindowGrowth(options.streamWindowBytes, options.maxWindowBytes);
    this.receiveWindow = new ConnectionWindow(this.#output, this.growth, options);
    this.#incoming = new Incoming(this, options, isServer, this.#timeouts.headers);
    this.#pings = new Pings(this.#output);
    this.#openQueue = new OpenQueue(() => this.#canStart());
    const { settings } = this.#timeouts;
    this.#own = new OwnSettings(this.#output, this.#incoming, options, settings, this.growth, () =>
      this.#streams.all(),
    );
    link.start(this);
    if (!isServer) this.#output.raw(PREFACE);
    this.#own.send({
      headerTableSize: options.headerTableBytes,
      ...(isServer ? { maxConcurrentStreams: options.maxConcurrentStreams } : { enablePush: false }),
      initialWindowSize: options.streamWindowBytes,
      maxFrameSize: options.maxFrameBytes,
      maxHeaderListSize: options.maxHeaderListBytes,
    });
    this.receiveWindow.replenish(true);
    this.#timeouts.handshake.start();
  }

  // Session: what the application asks for.

  get openStreams(): number {
    return this.#streams.size;
  }

  get isUsable(): boolean {
    return !this.#isOver && !this.#shutdown.hasBegun && !this.#isPeerDraining && this.#hasIds;
  }

  get #hasIds(): boolean {
    return this.#nextId <= MAX_31_BITS && this.#nextId < this.#options.maxStreams * 2;
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
    if (!this.#hasIds) this.#event("ids_used_up", "the last stream of the connection was opened");
    const sending = endStream ? Progress.ENDED : Progress.OPEN;
    const window = this.peerSettings.initialWindowSize;
    const stream = new SessionStream(this, id, handler, sending, window, this.#own.initialWindow);
    this.#streams.add(stream);
    this.#timeouts.streamOpened();
    return stream;
  }

  #cannotOpen(): H2Error {
    const why =
      this.#isOver || this.#shutdown.hasBegun
        ? "the session is closed or shuts down"
        : this.#isPeerDraining
          ? "the peer takes no new streams (GOAWAY)"
          : !this.#hasIds
            ? "the connection has no stream ids left"
            : `${this.#streams.size} are open, or others wait; see canOpen()`;
    return new H2Error(ErrorCode.REFUSED_STREAM, `no stream can be opened: ${why}`);
  }

  changeSettings(change: SettingsChange): void {
    if (this.#isOver) return;
    resolveOptions(change);
    this.#own.change(change);
  }

  ping(done: (rttMs: number | undefined) => void): void {
    if (this.#isOver) done(undefined);
    else this.#pings.send(done);
  }

  shutdown(options: ShutdownOptions = {}): void {
    if (this.#shutdown.hasBegun || this.#isOver) return;
    this.#shutdown.begin(this.#isServer, options);
    this.#openQueue.refuse(this.#cannotOpen());
  }

  destroy(code: number = ErrorCode.NO_ERROR, debug = ""): void {
    if (this.#isOver) return;
    const message = debug === "" ? `the session was closed here with ${errorCodeName(code)}` : debug;
    this.#close(code, debug, code === ErrorCode.NO_ERROR ? undefined : new H2Error(code, message), message);
  }

  // The end.

  sayGoaway(lastStreamId: number, code: number, debug: string): void {
    const text = utf8Bytes(debug).subarray(0, MAX_DEBUG_BYTES);
    const payload = new Uint8Array(8 + text.length);
    putUint32(payload, 0, lastStreamId);
    putUint32(payload, 4, code);
    payload.set(text, 8);
    this.#output.frame(FrameType.GOAWAY, 0, 0, payload);
    this.#event("goaway_sent", `${errorCodeName(code)} ${debug}`, { code });
  }

  onLastGoaway(): void {
    this.#endIfDrained();
  }

  resetAll(code: number): void {
    for (const stream of this.#streams.all()) stream.reset(code);
  }

  /** Ends the connection once no stream is left that was still to be answered. */
  #endIfDrained(): void {
    if (this.#streams.size > 0 || this.#isOver) return;
    if (this.#shutdown.isFinal) this.#over(undefined, "the session was shut down");
    else if (this.#isPeerDraining && !this.#isServer) this.destroy();
  }

  #close(code: number, debug: string, error: Error | undefined, message: string): void {
    this.sayGoaway(Math.min(this.lastPeerId, this.#shutdown.maxPeerId), code, debug);
    this.#over(error, message, code);
  }

  /** Sends what is to be sent, and lets go of everything. */
  #over(error: Error | undefined, message: string, code?: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#incoming.parser.isStopped = true;
    this.#timeouts.stop();
    this.#shutdown.stop();
    if (!this.#isLinkClosed) this.#endLink();
    this.#output.close();
    const reason = {
      code: code ?? ErrorCode.INTERNAL_ERROR,
      by: "connection",
      unprocessed: false,
      message,
    } as const;
    for (const stream of this.#streams.all()) this.#streamClosed(stream, reason);
    this.#pings.close();
    this.#openQueue.refuse(this.#cannotOpen());
    this.#event("closed", message, code === undefined ? undefined : { code });
    this.#handler.onClose(error);
  }

  /** Lets the peer read what was sent, the GOAWAY above all, but does not wait for it long. */
  #endLink(): void {
    this.#output.flush();
    this.#setReading(true);
    this.#link.end();
    this.#stopLinger = later(() => this.#link.destroy(), LINGER_MS);
  }

  /** The peer broke a rule, or a limit, or our own code threw. */
  #fail(error: unknown): void {
    if (!(error instanceof H2Error)) {
      if (!this.#isOver) this.#close(ErrorCode.INTERNAL_ERROR, "", error as Error, "a handler threw");
      throw error;
    }
    // A handler ended the session while the peer's bytes were read.
    if (this.#isOver) return;
    if (error instanceof LimitError)
      this.#event("limit", error.message, { limit: error.limit, code: error.code });
    this.#close(error.code, error.message, error, error.message);
  }

  /** A time-out ran out. */
  timedOut(limit: keyof SessionOptions, message: string, code: number): void {
    this.#fail(new LimitError(limit, message, code));
  }

  #event(type: string, message: string, more?: Pick<SessionEvent, "limit" | "code" | "streamId">): void {
    this.#handler.onEvent({ type, message, ...more });
  }

  // LinkReceiver.

  onData(chunk: Uint8Array): void {
    if (this.#isOver) return;
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
    if (this.#isOver) return;
    this.#output.unblock();
    this.#timeouts.write.stop();
    this.#setReading(true);
    this.sender.resume();
    this.#openQueue.run();
  }

  onClose(error?: Error): void {
    this.#isLinkClosed = true;
    this.#stopLinger?.();
    if (this.#isOver) return;
    const open = this.#streams.size;
    const isInOrder = error === undefined && open === 0 && this.#hasPeerSettings;
    const message = error?.message ?? `the peer closed the link with ${open} streams open`;
    this.#over(isInOrder ? undefined : (error ?? new H2Error(ErrorCode.CONNECT_ERROR, message)), message);
  }

  // FrameOwner: what the peer's frames ask for.

  findStream(id: number): SessionStream | undefined {
    return this.#streams.get(id);
  }

  isIdle(id: number): boolean {
    if ((id & 1) === 0) return true;
    return this.#isServer ? id > this.lastPeerId : id >= this.#nextId;
  }

  wasResetHere(id: number): boolean {
    return this.#resetIds.has(id);
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
    this.lastPeerId = streamId;
    // The peer has been told that these are not looked at.
    if (streamId > this.#shutdown.maxPeerId) return false;
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
    if (this.#isServer && !this.wasResetHere(streamId) && streamId <= this.#shutdown.maxPeerId) {
      this.failStream(streamId, ErrorCode.STREAM_CLOSED, "DATA on a stream that is over");
    }
  }

  failStream(streamId: number, code: number, message: string): void {
    if (this.#isServer) this.#incoming.countReset();
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) {
      stream.resetBecause(code, message);
    } else {
      this.#resetIds.add(streamId);
      this.#output.numberFrame(FrameType.RST_STREAM, streamId, code);
    }
  }

  onReset(stream: SessionStream, code: number): void {
    // A stream that was answered has cost what it was to cost.
    if (this.#isServer && stream.sending !== Progress.ENDED) this.#incoming.countReset();
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
    const message = `the peer went away (${errorCodeName(code)}) without looking at the stream`;
    for (const stream of this.#isServer ? [] : this.#streams.all()) {
      if (stream.id <= lastStreamId) continue;
      this.#streamClosed(stream, { code, by: "connection", unprocessed: true, message });
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
    if (reason?.by === "local" && this.#isServer) this.#resetIds.add(stream.id);
    this.#streamClosed(stream, reason);
    if (this.#shutdown.isFinal || this.#isPeerDraining) this.#endIfDrained();
    if (!this.#openQueue.isEmpty) this.#openQueue.run();
  }

  #streamClosed(stream: SessionStream, reason: StreamClose | undefined): void {
    this.#streams.delete(stream);
    stream.close(reason);
    if (!this.#isOver) this.receiveWindow.replenish();
  }

  streamHeldBack(): void {
    if (!this.#timeouts.stalls.isRunning) this.#timeouts.stalls.start();
  }

  checkStalls(maxStalls: number): void {
    const held = this.#streams.all().filter((stream) => stream.bufferedBytes > 0);
    if (held.length > 0) this.#timeouts.stalls.start();
    // A full link is the write time-out's business.
    if (this.#output.isBlocked) return;
    for (const stream of held) {
      if (++stream.stalls < maxStalls) continue;
      const message = "the peer's windows let out nothing for too long";
      this.#event("limit", message, { limit: "stalledStreamTimeoutMs", streamId: stream.id });
      stream.resetBecause(ErrorCode.CANCEL, message);
    }
  }
}
