import { type CallStart, type ClientByteStream, RpcError } from "@slipstream/stream";
import { ClientStream } from "./client-stream.ts";
import { type Control, encodeHello } from "./control.ts";
import { FrameKind } from "./format.ts";
import { streamFrame } from "./frame-encode.ts";
import { FrameError } from "./frame-error.ts";
import type { FrameHead } from "./frame-head.ts";
import type { Link } from "./link.ts";
import type { ResolvedSessionOptions } from "./options.ts";
import { Session, type SessionPeer } from "./session.ts";
import { startInts, startPairs, startSideEntry } from "./start.ts";

/** What the owner of a client's connection is told. */
export interface ClientSessionEvents {
  /** A stream or call ended; the connection may be free for another. */
  onExchangeEnded?(): void;
  /** The server takes no new streams here. */
  onDraining?(): void;
  /** The connection is over; `error` is absent when `close` was called. */
  onEnded?(error: RpcError | undefined): void;
}

/** The client's end of a connection. */
export class ClientSession extends Session {
  readonly #events: ClientSessionEvents;
  #lastId = 0;
  #hasSaidHello = false;
  #isDraining = false;

  constructor(
    link: Link,
    peer: SessionPeer,
    options: ResolvedSessionOptions,
    events: ClientSessionEvents = {},
  ) {
    super(link, peer, options);
    this.#events = events;
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
    const { extensions } = this.options;
    this.#sayHello();
    const id = this.#nextId();
    const frame = streamFrame(
      FrameKind.header,
      id,
      start.method,
      startPairs(start, extensions ? startSideEntry(start) : undefined),
    );
    try {
      this.writeFrame({ ...frame, ints: [...(frame.ints ?? []), ...startInts(start, extensions)] });
    } catch (error) {
      if (error instanceof FrameError)
        throw new RpcError("resource_exhausted", error.message, { cause: error });
      throw error;
    }
    const stream = new ClientStream(this, id, start, this.peerWindow);
    this.exchanges.add(stream);
    stream.watch(start.ended);
    return stream;
  }

  protected override onUnknownHeader(): void {
    // Of a stream that has ended here already.
  }

  protected override onMessage(head: FrameHead): void {
    void head;
    throw new RpcError("internal", "a ping-pong message came on a connection of streams");
  }

  protected override onControl(control: Control): void {
    if (control.isHello && this.#hasSaidHello && !this.peer.isSlipstream) {
      this.setPeerWindow(control.window ?? Number.POSITIVE_INFINITY);
    }
    if (control.isDrain && !this.#isDraining) {
      this.#isDraining = true;
      this.#events.onDraining?.();
    }
  }

  protected override onRemoved(): void {
    this.#events.onExchangeEnded?.();
  }

  protected override onEnded(error: RpcError | undefined): void {
    this.#events.onEnded?.(error);
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
    this.writeEncoded(encodeHello(this.streamWindowBytes));
  }

  #nextId(): number {
    do {
      this.#lastId = (this.#lastId + 1) | 0;
    } while (this.#lastId === 0 || this.exchanges.get(this.#lastId) !== undefined);
    return this.#lastId;
  }
}
