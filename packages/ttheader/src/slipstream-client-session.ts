import {
  type CallStart,
  type ClientByteStream,
  messageTooLarge,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import { type ApplicationException, encodeMessageHead, MessageType } from "@slipstream/thrift";
import { ClientCall } from "./client-call.ts";
import { ClientStream } from "./client-stream.ts";
import { type Control, helloPairs } from "./control.ts";
import { fromException, readBizStatus } from "./error-numbers.ts";
import { asRpcError } from "./frame-error.ts";
import type { FrameHead } from "./frame-head.ts";
import type { FrameTemplate } from "./frame-templates.ts";
import { lightParts } from "./light-parts.ts";
import type { Link } from "./link.ts";
import type { ResolvedSessionOptions } from "./options.ts";
import type { SessionParts } from "./parts.ts";
import type { SessionPeer } from "./peer.ts";
import { readOutcome, readReplyFields, slipstreamBackward } from "./reply.ts";
import { writeHeader, writeRequest } from "./request.ts";
import { writeRst } from "./rst.ts";
import { Session } from "./session.ts";

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

/**
 * The client's end of a connection to a server that is known to be Slipstream, with nothing in it but what that takes: what
 * a page has to load. `ClientSession` is for any server, and remembers what a busy client says again and again.
 */
export class SlipstreamClientSession extends Session {
  readonly side = "client";
  protected readonly events: ClientSessionEvents;
  #lastId = 0;
  #hasSaidHello = false;
  #hasHeardHello = false;
  #isDraining = false;

  constructor(
    link: Link,
    peer: SessionPeer,
    options: ResolvedSessionOptions,
    events: ClientSessionEvents = {},
    parts: SessionParts = lightParts,
  ) {
    super(link, peer, options, parts);
    this.events = events;
  }

  /** The server has said that it takes no new streams here. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Whether `open` has a place for another stream. */
  get canOpen(): boolean {
    return !this.isClosed && !this.#isDraining && this.openCount < this.options.maxStreams;
  }

  /**
   * Opens a stream: its HEADER is written, the server is not waited for.
   * @throws RpcError when the call has ended already, the connection is over (`unavailable`), it has too many streams, or
   * the HEADER is over a limit (`resource_exhausted`). Nothing was sent then.
   */
  open(start: CallStart): ClientByteStream {
    this.#check(start);
    const id = this.#nextId();
    try {
      this.#sayHello();
      this.writeHeader(start, id);
    } catch (error) {
      throw asRpcError(error);
    }
    const stream = new ClientStream(this, id, start, this.peerWindow);
    this.exchanges.add(stream);
    stream.watch(start.ended);
    return stream;
  }

  /**
   * Makes a ping-pong call.
   *
   * Resolves with the reply, be it an error; with `undefined` at once for a oneway. Rejects when no reply came.
   * @throws RpcError as {@link open}.
   */
  call(start: CallStart, request: Uint8Array, oneway: boolean): Promise<Reply | undefined> {
    this.#check(start);
    const { maxMessageBytes } = this;
    if (request.length > maxMessageBytes) throw messageTooLarge(request.length, maxMessageBytes);
    const id = this.#nextId();
    try {
      this.writeRequest(start, id, request, oneway ? MessageType.oneway : MessageType.call);
    } catch (error) {
      throw asRpcError(error);
    }
    if (oneway) return Promise.resolve(undefined);
    const call = new ClientCall(this, id, start);
    this.exchanges.add(call);
    call.watch(start.ended);
    return call.reply;
  }

  /**
   * What a frame answers to a call.
   * @throws FrameError or RpcError when it cannot be read: nobody knows what comes behind it.
   */
  readReply(head: FrameHead, call: ClientCall): Reply {
    const { bytes, payloadStart, payloadEnd } = head;
    const pairs = head.strings();
    const outcome = this.readOutcome(bytes, payloadStart, payloadEnd, pairs, call);
    return { outcome, ...readReplyFields(pairs, slipstreamBackward) };
  }

  /** Nobody waits for the reply to a call any more. */
  abandon({ id, start }: ClientCall, reason: RpcError): void {
    writeRst(this, id, start, reason);
  }

  /** The server is about to close this connection. */
  onClosing(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.events.onDraining?.();
  }

  /** What the message in `bytes[start, end)` and the pairs beside it answer to a call. */
  protected readOutcome(
    bytes: Uint8Array,
    start: number,
    end: number,
    pairs: ReadonlyMap<string, string> | undefined,
    call: ClientCall,
  ): Reply["outcome"] {
    // Volo answers a business status with an exception beside the pairs: the status counts.
    const error = readBizStatus(pairs);
    if (error) return { error };
    return readOutcome(bytes, start, end, call.start.method, call.id, (exception) => this.toError(exception));
  }

  /** The error that an EXCEPTION means which is the reply to a call. */
  protected toError(exception: ApplicationException): RpcError {
    return fromException(this.received(exception), { side: "client" });
  }

  /** Writes what begins a stream, and keeps it in `template`. */
  protected writeHeader(start: CallStart, id: number, template?: FrameTemplate): void {
    writeHeader(this, start, id, template);
  }

  /** Writes a request of a type of message. */
  protected writeRequest(start: CallStart, id: number, request: Uint8Array, type: number): void {
    writeRequest(this, start, id, type, "unframed", encodeMessageHead(type, start.method, id), request);
  }

  protected override onUnknownHeader(): void {
    // Of a stream that has ended here already.
  }

  /** A reply; one that nobody waits for any more is dropped. */
  protected override onMessage(head: FrameHead): void {
    const exchange = this.exchanges.get(head.sequenceId);
    if (exchange instanceof ClientCall) exchange.onReply(head);
  }

  /** No link of Slipstream delivers any. */
  protected override onHeaderless(_bytes: Uint8Array, _start: number, _end: number): void {}

  protected override onControl(control: Control): void {
    if (control.isHello && this.#hasSaidHello && !this.#hasHeardHello) {
      this.#hasHeardHello = true;
      this.setPeerWindow(control.window ?? Number.POSITIVE_INFINITY);
    }
    if (control.isDrain) this.onClosing();
  }

  protected override onRemoved(): void {
    this.events.onExchangeEnded?.();
  }

  protected override onEnded(error: RpcError | undefined): void {
    this.events.onEnded?.(error);
  }

  #check({ ended }: CallStart): void {
    if (ended.reason !== undefined) throw ended.reason;
    const { address } = this.peer;
    if (this.isClosed || this.#isDraining) {
      throw new RpcError("unavailable", `connection to ${address} takes no new streams`, { retryable: true });
    }
    if (this.openCount >= this.options.maxStreams) {
      throw full(
        `${this.openCount} streams are open on the connection to ${address}, maxStreams is ${this.options.maxStreams}`,
      );
    }
    if (this.outbox.pendingBytes > this.maxSendBufferBytes) {
      throw full(
        `${this.outbox.pendingBytes} bytes wait to be sent to ${address}, over maxSendBufferBytes (${this.maxSendBufferBytes})`,
      );
    }
  }

  #sayHello(): void {
    if (this.#hasSaidHello || !this.options.extensions) return;
    this.#hasSaidHello = true;
    this.writeControl(0, helloPairs(this.options.streamWindowBytes));
  }

  #nextId(): number {
    do {
      this.#lastId = (this.#lastId + 1) | 0;
    } while (this.#lastId === 0 || this.exchanges.get(this.#lastId) !== undefined);
    return this.#lastId;
  }
}

function full(message: string): RpcError {
  return new RpcError("resource_exhausted", message, { retryable: true });
}
