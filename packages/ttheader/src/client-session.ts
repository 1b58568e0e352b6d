import {
  type CallStart,
  type ClientByteStream,
  encodeSideEntry,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import { ClientCall } from "./client-call.ts";
import { ClientStream } from "./client-stream.ts";
import { type Control, encodeHello } from "./control.ts";
import * as Flag from "./format/flag.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";
import * as ProtocolId from "./format/protocol-id.ts";
import { asRpcError } from "./frame-error.ts";
import type { FrameHead } from "./frame-head.ts";
import { FrameTemplates } from "./frame-templates.ts";
import { pairBound } from "./head-writer.ts";
import type { Link } from "./link.ts";
import { CLOSING_KEY } from "./message.ts";
import type { ResolvedSessionOptions } from "./options.ts";
import { type PingPongForm, readPayload } from "./payload.ts";
import type { SessionPeer } from "./peer.ts";
import { Session } from "./session.ts";
import { startBound, startSideEntry, writeStartInts, writeStartStrings } from "./start.ts";

const HEADER_DIGIT = String(FrameKind.header);

/** What the owner of a client's connection is told. */
export interface ClientSessionEvents {
  /** A stream or call ended; the connection may be free for another. */
  onExchangeEnded?(): void;
  /** The server takes no new streams here. */
  onDraining?(): void;
  /** A call was given up on a connection to a server that answers in order: the connection is of no more use. */
  onCallAbandoned?(): void;
  /** The connection is over; `error` is absent when `close` was called. */
  onEnded?(error: RpcError | undefined): void;
}

/** The client's end of a connection. */
export class ClientSession extends Session {
  readonly side = "client";
  readonly #events: ClientSessionEvents;
  #lastId = 0;
  #hasSaidHello = false;
  #hasHeardHello = false;
  #isDraining = false;
  /** What the connection was first used for: that is what Kitex then takes it for. */
  #firstUse: "stream" | "call" | undefined;
  /** The call whose reply is the next that comes, from a server that has not shown that it is Slipstream. */
  #callInOrder: ClientCall | undefined;
  readonly pingPong: PingPongForm;
  /** Of ping-pong requests and of HEADER frames. */
  readonly requests: FrameTemplates = new FrameTemplates();
  readonly #headers = new FrameTemplates();

  constructor(
    link: Link,
    peer: SessionPeer,
    options: ResolvedSessionOptions,
    events: ClientSessionEvents = {},
  ) {
    super(link, peer, options);
    this.#events = events;
    this.pingPong = peer.pingPong ?? "ttheader";
  }

  /** The server has said that it takes no new streams here. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Whether `open` has a place for another stream. A server of Kitex takes none where ping-pong calls were made. */
  get canOpen(): boolean {
    return this.#hasRoom && (this.#firstUse !== "call" || this.peer.isSlipstream);
  }

  /**
   * Whether `call` has a place for another call. A server that has not shown that it is Slipstream answers in order, so
   * it gets one at a time, and takes none where streams were opened.
   */
  get canCall(): boolean {
    if (this.peer.isSlipstream && !this.#isHeaderless) return this.#hasRoom;
    return this.#hasRoom && this.#firstUse !== "stream" && this.openCount === 0;
  }

  get #isHeaderless(): boolean {
    return this.pingPong === "framed" || this.pingPong === "binary";
  }

  get #hasRoom(): boolean {
    return !this.isClosed && !this.#isDraining && this.openCount < this.options.maxStreams;
  }

  /**
   * Opens a stream: its HEADER is written, the server is not waited for.
   * @throws RpcError when the call has ended already, the connection is over (`unavailable`), it has too many streams, or
   * the HEADER is over a limit (`resource_exhausted`). Nothing was sent then.
   */
  open(start: CallStart): ClientByteStream {
    this.#check(start);
    this.#firstUse ??= "stream";
    this.#sayHello();
    const id = this.#nextId();
    try {
      this.#writeHeader(start, id);
    } catch (error) {
      throw asRpcError(error);
    }
    const stream = new ClientStream(this, id, start, this.peerWindow);
    this.exchanges.add(stream);
    stream.watch(start.ended);
    return stream;
  }

  /**
   * Makes a ping-pong call; see {@link canCall}.
   *
   * Resolves with the reply, be it an error; with `undefined` at once for a oneway. Rejects when no reply came.
   * @throws RpcError as {@link open}.
   */
  call(start: CallStart, request: Uint8Array, oneway: boolean): Promise<Reply | undefined> {
    this.#check(start);
    if (request.length > this.maxMessageBytes) {
      throw new RpcError(
        "resource_exhausted",
        `message of ${request.length} bytes is over maxMessageBytes (${this.maxMessageBytes})`,
      );
    }
    const call = new ClientCall(this, this.#nextId(), start);
    this.#firstUse ??= "call";
    try {
      call.write(request, oneway);
    } catch (error) {
      throw asRpcError(error);
    }
    if (oneway) {
      // Kitex would answer the next call only when this one's handler is done, so it takes none here, as Kitex's client.
      if (!this.peer.isSlipstream) this.onClosingReply();
      return Promise.resolve(undefined);
    }
    this.exchanges.add(call);
    if (!this.peer.isSlipstream) this.#callInOrder = call;
    call.watch(start.ended);
    return call.reply;
  }

  /** A reply with a side entry came: the server is Slipstream. */
  onSlipstreamReply(): void {
    if (!this.peer.isSlipstream) this.markSlipstream();
  }

  /** The server is about to close this connection. */
  onClosingReply(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#events.onDraining?.();
  }

  /** A call was given up whose reply will still come, before any other. */
  onCallAbandoned(): void {
    this.#events.onCallAbandoned?.();
  }

  protected override onUnknownHeader(): void {
    // Of a stream that has ended here already.
  }

  /** A reply; one that nobody waits for any more is dropped. */
  protected override onMessage(head: FrameHead): void {
    const exchange = this.exchanges.get(head.sequenceId);
    if (exchange instanceof ClientCall) exchange.onReply(head);
    // What a Kitex mux server sends before it closes.
    else if (head.sequenceId === 0 && head.strings()?.has(CLOSING_KEY) === true) this.onClosingReply();
  }

  /** A reply that says by its place which call it answers; a wrong id fails the call. */
  protected override onHeaderless(bytes: Uint8Array, start: number, end: number): void {
    const call = this.#callInOrder;
    this.#callInOrder = undefined;
    call?.onHeaderlessReply(bytes, readPayload(bytes, start, end));
  }

  protected override onControl(control: Control): void {
    if (control.isHello && this.#hasSaidHello && !this.#hasHeardHello) {
      this.#hasHeardHello = true;
      this.setPeerWindow(control.window ?? Number.POSITIVE_INFINITY);
    }
    if (control.isDrain) this.onClosingReply();
  }

  protected override onRemoved(): void {
    this.#events.onExchangeEnded?.();
  }

  protected override onEnded(error: RpcError | undefined): void {
    this.#events.onEnded?.(error);
  }

  #writeHeader(start: CallStart, id: number): void {
    const template = this.#headers.find(start);
    if (template?.bytes !== undefined) {
      this.writeBare(template.bytes, id);
      return;
    }
    const { extensions } = this.options;
    const { method } = start;
    const side = extensions ? startSideEntry(start) : undefined;
    const sideEntry = side && encodeSideEntry(side);
    const bound = startBound(start, sideEntry) + pairBound(1) + pairBound(method.length);
    const writer = this.beginFrame(Flag.streaming, ProtocolId.thriftStruct, bound);
    writeStartStrings(writer, start, sideEntry);
    writer.beginInts();
    writer.int(IntKey.frameKind, HEADER_DIGIT);
    writer.int(IntKey.toMethod, method);
    writeStartInts(writer, start, extensions);
    writer.endSection();
    this.endFrame(id, template);
  }

  #check({ ended }: CallStart): void {
    if (ended.reason !== undefined) throw ended.reason;
    if (this.isClosed || this.#isDraining) {
      throw new RpcError("unavailable", `connection to ${this.peer.address} takes no new streams`, {
        retryable: true,
      });
    }
    if (this.openCount >= this.options.maxStreams) {
      throw new RpcError(
        "resource_exhausted",
        `${this.openCount} streams are open on the connection to ${this.peer.address}, maxStreams is ${this.options.maxStreams}`,
        { retryable: true },
      );
    }
    if (this.outbox.pendingBytes > this.maxSendBufferBytes) {
      throw new RpcError(
        "resource_exhausted",
        `${this.outbox.pendingBytes} bytes wait to be sent to ${this.peer.address}, over maxSendBufferBytes (${this.maxSendBufferBytes})`,
        { retryable: true },
      );
    }
  }

  #sayHello(): void {
    if (this.#hasSaidHello || !this.options.extensions) return;
    this.#hasSaidHello = true;
    this.writeEncoded(encodeHello(this.options.streamWindowBytes));
  }

  #nextId(): number {
    do {
      this.#lastId = (this.#lastId + 1) | 0;
    } while (this.#lastId === 0 || this.exchanges.get(this.#lastId) !== undefined);
    return this.#lastId;
  }
}
