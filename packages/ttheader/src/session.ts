import { RpcError } from "@slipstream/stream";
import type { ApplicationException } from "@slipstream/thrift";
import { type Control, readControl } from "./control.ts";
import * as ControlKey from "./format/control-key.ts";
import * as Flag from "./format/flag.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as StreamErrorNumber from "./format/stream-error-number.ts";
import { type FrameHeadInit, pairsBound, type StringPair, streamFrame, writePairs } from "./frame-encode.ts";
import { FrameHead } from "./frame-head.ts";
import type { FrameSource, OversizeFrame } from "./frame-reader.ts";
import type { FrameTemplate } from "./frame-templates.ts";
import { HEAD_BYTES, HeadWriter, patchHead } from "./head-writer.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Lent, Link, LinkReceiver } from "./link.ts";
import type { ResolvedSessionOptions } from "./options.ts";
import type { CreditWindows, ExchangeTable, Inflow, Outbox, SessionParts } from "./parts.ts";
import { ConnectionPeer, type SessionPeer } from "./peer.ts";
import type { ReceiveHalf, ReceiveHost } from "./receive-half.ts";
import type { SendHalf, SendHost } from "./send-half.ts";
import { SendLine } from "./send-line.ts";

const noBytes = new Uint8Array(0);

/** A stream or a ping-pong call, as its connection sees it. */
export interface Exchange {
  readonly id: number;
  /** Bytes of messages that wait here, to be sent or to be read. */
  readonly queuedBytes: number;
  onHeader(head: FrameHead): void;
  onData(message: Uint8Array): void;
  onTrailer(head: FrameHead): void;
  onRst(head: FrameHead): void;
  /** The peer's credit: `limit` is what it may be sent in all. */
  onCredit(limit: number): void;
  /** A frame for it was over the limit, and skipped. */
  onOversize(error: RpcError): void;
  /** Nobody reads it, and it keeps the connection from reading. */
  onStalled(error: RpcError): void;
  onConnectionLost(error: RpcError): void;
}

/** What the two ends of a connection have in common: frames in and out, the streams by their ids, credit and control. */
export abstract class Session implements LinkReceiver, SendHost, ReceiveHost {
  abstract readonly side: "client" | "server";
  readonly options: ResolvedSessionOptions;
  readonly outbox: Outbox;
  readonly peer: ConnectionPeer;
  readonly maxMessageBytes: number;
  readonly maxSendBufferBytes: number;
  readonly windows: CreditWindows;
  protected readonly link: Link;
  protected readonly exchanges: ExchangeTable;
  /** Credit of a new stream; without end until the peer says one. */
  protected peerWindow: number = Number.POSITIVE_INFINITY;
  protected readonly inflow: Inflow;
  readonly #head: FrameHead;
  readonly #writer: HeadWriter;
  #frameStart = 0;
  #payload: Uint8Array = noBytes;
  #rest: Uint8Array = noBytes;
  readonly #reader: FrameSource;
  readonly #line = new SendLine();
  readonly #heartbeat: Heartbeat;
  #unsettled: ReceiveHalf[] = [];
  #isClosed = false;

  constructor(link: Link, peer: SessionPeer, options: ResolvedSessionOptions, parts: SessionParts) {
    this.link = link;
    this.options = options;
    this.peer = new ConnectionPeer(peer);
    this.maxMessageBytes = options.limits.maxMessageBytes;
    this.maxSendBufferBytes = options.maxSendBufferBytes;
    this.windows = parts.windows(options);
    this.exchanges = parts.exchanges();
    this.outbox = parts.outbox(link, () => this.onRoom());
    this.inflow = parts.inflow(link, options, (receiver, error) =>
      this.exchanges.get(receiver.id)?.onStalled(error),
    );
    this.#head = new FrameHead(options.limits);
    this.#writer = new HeadWriter(options.limits);
    this.#reader = link.framing(options.limits, {
      onFrame: (bytes, start, end) => this.#onFrame(bytes, start, end),
      onHeaderless: (bytes, start, end) => this.onHeaderless(bytes, start, end),
      onOversize: (frame) => this.#onOversize(frame),
    });
    this.#heartbeat = new Heartbeat(options.heartbeatIntervalMs, {
      ask: (token) => this.writeControl(0, [[ControlKey.ping, token]]),
      get outgoing() {
        return link.outgoing;
      },
      onSilent: (error) => this.#end(error, true),
    });
    if (peer.isSlipstream === true) this.markSlipstream();
  }

  /** Streams and calls that are open. */
  get openCount(): number {
    return this.exchanges.size;
  }

  /** Bytes that wait here, to be sent or to be read, in all streams together. */
  get queuedBytes(): number {
    let bytes = this.outbox.pendingBytes;
    for (const exchange of this.exchanges.values()) bytes += exchange.queuedBytes;
    return bytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** An exception of the peer's, as the application is to see it. */
  received(exception: ApplicationException): ApplicationException {
    return exception;
  }

  /** Credit goes to Slipstream alone: Kitex has no place for it. */
  get peerHeedsCredit(): boolean {
    return this.peer.isSlipstream;
  }

  onData(chunk: Uint8Array, lent?: Lent): void {
    if (this.#isClosed) return;
    if (this.#unsettled.length > 0) this.#settle();
    this.#heartbeat.onBytes();
    try {
      this.#reader.push(chunk, lent);
    } catch (error) {
      this.#end(badFrame(error), true);
    }
    this.#head.release();
  }

  onDrain(): void {
    if (!this.#isClosed) this.outbox.onDrain();
  }

  onClose(error?: Error): void {
    const why = error === undefined ? "the peer closed it" : error.message;
    this.#end(
      new RpcError("unavailable", `connection to ${this.peer.address} lost: ${why}`, {
        cause: error,
        origin: {
          ttstream: error === undefined ? StreamErrorNumber.illegalFrame : StreamErrorNumber.transportClosing,
        },
      }),
      true,
    );
  }

  /**
   * Closes the connection: what was written still leaves, and streams that are open end with `unavailable`.
   */
  close(): void {
    this.#end(
      new RpcError("unavailable", `connection to ${this.peer.address} was closed on this side`, {
        origin: { ttstream: StreamErrorNumber.transportClosing },
      }),
      false,
    );
  }

  waitForRoom(sender: SendHalf): void {
    this.#line.join(sender);
    if (!this.outbox.isBlocked) this.#line.serve(this.outbox);
  }

  sendWindow(id: number, limit: number): void {
    this.writeControl(id, [[ControlKey.window, String(limit)]]);
  }

  onUnread(receiver: ReceiveHalf): void {
    this.inflow.check(receiver);
  }

  settleLater(receiver: ReceiveHalf): void {
    this.#unsettled.push(receiver);
  }

  /**
   * Begins a frame whose pairs have at most `pairsBound` bytes, and whose payload is `payload` and `rest` behind it.
   * Sections are then written, and {@link endFrame} ends it; no other frame may be written between.
   */
  beginFrame(
    flags: number,
    protocolId: number,
    pairsBound: number,
    payload: Uint8Array = noBytes,
    rest: Uint8Array = noBytes,
  ): HeadWriter {
    const start = this.outbox.reserve(HEAD_BYTES + pairsBound + payload.length, rest);
    this.#frameStart = start;
    this.#payload = payload;
    this.#rest = rest;
    this.#writer.begin(this.outbox.bytes, start, flags, protocolId);
    return this.#writer;
  }

  /**
   * Ends the frame, and keeps in `template` what of it was written here: all but `rest`.
   * @throws FrameError when the frame is over a limit; nothing of it is written then.
   */
  endFrame(sequenceId: number, template?: FrameTemplate): void {
    const { outbox } = this;
    const start = this.#frameStart;
    const payload = this.#payload;
    const rest = this.#rest;
    this.#payload = noBytes;
    this.#rest = noBytes;
    let end = this.#writer.finish(sequenceId, payload.length + rest.length);
    outbox.bytes.set(payload, end);
    end += payload.length;
    if (template !== undefined) template.bytes = outbox.bytes.slice(start, end);
    outbox.commit(end, rest);
  }

  /**
   * Writes a frame of any kind.
   * @throws FrameError when it is over a limit; nothing is written then.
   */
  writeFrame(frame: FrameHeadInit, payload?: Uint8Array): void {
    writePairs(this.beginFrame(frame.flags, frame.protocolId, pairsBound(frame), payload), frame);
    this.endFrame(frame.sequenceId);
  }

  /** Writes a frame without payload whose head was computed before. */
  writeBare(head: Uint8Array, id: number): void {
    const { outbox } = this;
    const at = outbox.reserve(head.length);
    outbox.bytes.set(head, at);
    patchHead(outbox.bytes, at, id, head.length);
    outbox.commit(at + head.length);
  }

  /** Takes a stream out; frames that still come for it are dropped. */
  remove(exchange: Exchange): void {
    this.exchanges.delete(exchange.id);
    if (!this.#isClosed) this.onRemoved();
  }

  protected writeControl(id: number, pairs: readonly StringPair[]): void {
    if (!this.#isClosed) this.writeFrame(streamFrame(FrameKind.meta, id, "", pairs));
  }

  /** The peer is Slipstream. */
  protected markSlipstream(): void {
    this.peer.isSlipstream = true;
    this.#heartbeat.start();
  }

  /** The peer is Slipstream, and gives each stream so much credit. */
  protected setPeerWindow(window: number): void {
    this.markSlipstream();
    this.peerWindow = window;
    for (const exchange of this.exchanges.values()) exchange.onCredit(window);
  }

  /** A HEADER of a stream that is not open. */
  protected abstract onUnknownHeader(head: FrameHead): void;
  /** A ping-pong message. */
  protected abstract onMessage(head: FrameHead): void;
  /** A ping-pong message without TTHeader. */
  protected abstract onHeaderless(bytes: Uint8Array, start: number, end: number): void;
  /** A control frame on stream 0. */
  protected abstract onControl(control: Control): void;
  /** A stream was taken out. */
  protected abstract onRemoved(): void;
  /** The connection is over; `error` is absent when it was closed in order, from here. */
  protected abstract onEnded(error: RpcError | undefined): void;

  /** The link takes more. */
  protected onRoom(): void {
    this.#line.serve(this.outbox);
  }

  #onFrame(bytes: Uint8Array, start: number, end: number): void {
    const head = this.#head;
    head.read(bytes, start, end);
    if ((head.flags & Flag.streaming) === 0) {
      this.onMessage(head);
      return;
    }
    const exchange = this.exchanges.get(head.sequenceId);
    if (head.kind === FrameKind.data) {
      if (end - head.payloadStart > this.maxMessageBytes) {
        exchange?.onOversize(this.#tooLarge(end - head.payloadStart));
      } else {
        exchange?.onData(head.payload());
      }
    } else if (head.sequenceId === 0) {
      if (head.kind === FrameKind.meta && this.options.extensions)
        this.#onConnectionControl(readControl(head));
    } else if (exchange === undefined) {
      // Frames for a stream that has ended are normal: they were on their way when it did.
      if (head.kind === FrameKind.header) this.onUnknownHeader(head);
    } else if (head.kind === FrameKind.header) {
      exchange.onHeader(head);
    } else if (head.kind === FrameKind.trailer) {
      exchange.onTrailer(head);
    } else if (head.kind === FrameKind.rst) {
      exchange.onRst(head);
    } else if (this.peer.isSlipstream) {
      const { window } = readControl(head);
      if (window !== undefined) exchange.onCredit(window);
    }
  }

  /** Only the stream that it was for is harmed. */
  #onOversize(frame: OversizeFrame): void {
    const error = this.#tooLarge(frame.length);
    const exchange = this.exchanges.get(frame.sequenceId);
    // A ping-pong request cannot be answered: its method stands in what was skipped.
    if (exchange === undefined && (frame.flags & Flag.streaming) === 0) throw error;
    exchange?.onOversize(error);
  }

  #tooLarge(bytes: number): RpcError {
    const { maxMessageBytes } = this;
    return new RpcError(
      "resource_exhausted",
      `message of ${bytes} bytes came, over maxMessageBytes (${maxMessageBytes})`,
    );
  }

  #onConnectionControl(control: Control): void {
    if (control.ping !== undefined && this.peer.isSlipstream) {
      this.writeControl(0, [[ControlKey.pong, control.ping]]);
    }
    this.onControl(control);
  }

  #settle(): void {
    const receivers = this.#unsettled;
    this.#unsettled = [];
    for (let i = 0; i < receivers.length; i++) (receivers[i] as ReceiveHalf).settle();
  }

  #end(error: RpcError, isLost: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reader.stop();
    this.#heartbeat.stop();
    this.inflow.close();
    if (isLost) this.link.destroy();
    else {
      this.outbox.flush(true);
      this.link.end();
    }
    this.outbox.close();
    for (const exchange of this.exchanges.values()) exchange.onConnectionLost(error);
    this.onEnded(isLost ? error : undefined);
  }
}

function badFrame(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  return new RpcError("internal", error instanceof Error ? error.message : String(error), {
    cause: error,
    origin: { ttstream: StreamErrorNumber.illegalFrame },
  });
}
