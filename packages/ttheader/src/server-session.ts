import { type Peer, RpcError, type ServerHandler } from "@slipstream/stream";
import type { ApplicationException } from "@slipstream/thrift";
import { busyParts } from "./busy-parts.ts";
import { type Control, helloPairs } from "./control.ts";
import { withKitexText } from "./error-numbers.ts";
import * as ControlKey from "./format/control-key.ts";
import * as IntKey from "./format/int-key.ts";
import type { FrameHead } from "./frame-head.ts";
import type { HeaderBlock } from "./header-block.ts";
import { readInts } from "./int-pairs.ts";
import type { Lent, Link } from "./link.ts";
import type { ResolvedSessionOptions } from "./options.ts";
import { readPayload } from "./payload.ts";
import { type SessionPeer, StreamPeer } from "./peer.ts";
import { ServerCall } from "./server-call.ts";
import { ServerStream } from "./server-stream.ts";
import { Session } from "./session.ts";
import { nothingReceived } from "./start.ts";
import { type KnownStart, readKnownStart } from "./start-cache.ts";

/** What a request says that has no head. */
const nothingKnown = { received: nothingReceived, block: undefined };

/** What the owner of a server's connection is told. */
export interface ServerSessionEvents {
  /** A call was turned away because of a limit. */
  onRefused?(error: RpcError): void;
  /** The connection is over; `error` is absent when it was closed from here. */
  onEnded?(error: RpcError | undefined): void;
}

/** The server's end of a connection. */
export class ServerSession extends Session {
  readonly side = "server";
  readonly #handler: ServerHandler;
  readonly #events: ServerSessionEvents;
  /** Calls of a client that takes replies in the order of its requests; the first is being served. */
  readonly #inOrder: { readonly call: ServerCall; readonly refusal: RpcError | undefined }[] = [];
  /** The first of them, when its handler answers later. */
  #waitsFor: ServerCall | undefined;
  #lastQueueId = 0;
  #lastPeer: StreamPeer | undefined;
  #hasHeardHello = false;
  #isDraining = false;

  constructor(
    link: Link,
    peer: SessionPeer,
    options: ResolvedSessionOptions,
    handler: ServerHandler,
    events: ServerSessionEvents = {},
  ) {
    super(link, peer, options, busyParts);
    this.#handler = handler;
    this.#events = events;
  }

  override received(exception: ApplicationException): ApplicationException {
    return this.peer.isSlipstream ? exception : withKitexText(exception);
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /**
   * Takes no new streams. A Slipstream peer is told, and what it had sent before it knew is still served; to Kitex, which
   * cannot be told, new streams are refused, and the connection closes with its last one.
   */
  drain(): void {
    if (this.#isDraining || this.isClosed) return;
    this.#isDraining = true;
    if (this.peer.isSlipstream) this.writeControl(0, [[ControlKey.drain, "1"]]);
    else this.#closeIfDrained();
  }

  protected override onUnknownHeader(head: FrameHead): void {
    let known: KnownStart;
    try {
      known = readKnownStart(head);
    } catch (error) {
      this.#newStream(head, readInts(head).get(IntKey.toMethod) ?? "").end({
        error: RpcError.from(error),
        trailer: [],
      });
      return;
    }
    const stream = this.#newStream(head, known.received.method);
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#events.onRefused?.(refusal);
      stream.end({ error: refusal, trailer: [] });
      return;
    }
    stream.begin(known.received, known.block);
    this.#handler.stream(stream);
  }

  #newStream(head: FrameHead, method: string): ServerStream {
    const stream = new ServerStream(this, head.sequenceId, method, this.peerWindow);
    this.exchanges.add(stream);
    return stream;
  }

  /** A ping-pong request. */
  protected override onMessage(head: FrameHead): void {
    const { bytes, payloadStart, payloadEnd } = head;
    const form = readPayload(bytes, payloadStart, payloadEnd);
    const known = readKnownStart(head);
    this.#take(new ServerCall(this, bytes, form, known, head, this.#nextQueueId));
  }

  protected override onHeaderless(bytes: Uint8Array, start: number, end: number): void {
    const form = readPayload(bytes, start, end);
    this.#take(new ServerCall(this, bytes, form, nothingKnown, undefined, this.#nextQueueId));
  }

  #take(call: ServerCall): void {
    if (this.exchanges.get(call.id) !== undefined) {
      throw new RpcError("internal", `a request came with id ${call.id}, which is in use`);
    }
    this.exchanges.add(call);
    const refusal = this.#refusalOf(call);
    if (!call.isUnordered) {
      this.#inOrder.push({ call, refusal });
      if (this.#inOrder.length === 1) this.#serveInOrder();
    } else if (refusal === undefined) {
      this.#handler.call(call);
    } else {
      call.refuse(refusal);
    }
  }

  #refusalOf(call: ServerCall): RpcError | undefined {
    const { maxMessageBytes } = this;
    if (call.request.length > maxMessageBytes) {
      return new RpcError(
        "resource_exhausted",
        `request of ${call.request.length} bytes came, over maxMessageBytes (${maxMessageBytes})`,
      );
    }
    // Those that are served one after another wait instead: see `#updateHold`.
    if (!call.isUnordered || this.openCount <= this.options.maxStreams) return undefined;
    const error = this.#tooMany();
    this.#events.onRefused?.(error);
    return error;
  }

  /** Beyond all sequence ids. */
  readonly #nextQueueId = (): number => {
    this.#lastQueueId = (this.#lastQueueId + 1) % 0x7fffffff;
    return 0x1_0000_0000 + this.#lastQueueId;
  };

  /** The peer with the header block of one call: the same for calls in a row that say the same. */
  peerOf(block: HeaderBlock | undefined, isSlipstream: boolean): Peer {
    const last = this.#lastPeer;
    if (last?.block === block && last?.isSlipstream === isSlipstream) return last;
    this.#lastPeer = new StreamPeer(this.peer, isSlipstream, block);
    return this.#lastPeer;
  }

  protected override onControl(control: Control): void {
    if (!control.isHello || this.#hasHeardHello) return;
    this.#hasHeardHello = true;
    // One that was known to be Slipstream has been told already.
    const isDrainUntold = this.#isDraining && !this.peer.isSlipstream;
    this.writeControl(0, helloPairs(this.options.streamWindowBytes));
    this.setPeerWindow(control.window ?? Number.POSITIVE_INFINITY);
    if (isDrainUntold) this.writeControl(0, [[ControlKey.drain, "1"]]);
  }

  protected override onRemoved(): void {
    this.#closeIfDrained();
  }

  protected override onEnded(error: RpcError | undefined): void {
    this.#events.onEnded?.(error);
  }

  override onData(chunk: Uint8Array, lent?: Lent): void {
    super.onData(chunk, lent);
    this.#updateHold();
  }

  protected override onRoom(): void {
    super.onRoom();
    this.#updateHold();
  }

  /** A peer that sends more than is answered, or reads no answers, is not listened to for a while. */
  #updateHold(): void {
    this.inflow.hold(
      this.outbox.pendingBytes > this.maxSendBufferBytes || this.#inOrder.length > this.options.maxStreams,
    );
  }

  #refusal(): RpcError | undefined {
    // The new one is in the table already.
    if (this.openCount > this.options.maxStreams) return this.#tooMany();
    if (this.#isDraining && !this.peer.isSlipstream) {
      return new RpcError("unavailable", "the server is shutting down and takes no new calls");
    }
    return undefined;
  }

  #tooMany(): RpcError {
    const { maxStreams } = this.options;
    return new RpcError("resource_exhausted", `maxStreams (${maxStreams}) are open on this connection`);
  }

  /** A call that is served in order has its reply. */
  onReplied(call: ServerCall): void {
    if (this.#waitsFor !== call) return;
    this.#waitsFor = undefined;
    this.#inOrder.shift();
    this.#serveInOrder();
  }

  /** Serves those that are answered in order, up to one that does not answer at once. */
  #serveInOrder(): void {
    for (let next = this.#inOrder[0]; next !== undefined; next = this.#inOrder[0]) {
      const { call, refusal } = next;
      if (refusal !== undefined) {
        call.refuse(refusal);
      } else if (call.isWanted) {
        this.#handler.call(call);
        if (!call.isReplied) {
          this.#waitsFor = call;
          break;
        }
      }
      this.#inOrder.shift();
    }
    if (!this.isClosed) this.#updateHold();
  }

  #closeIfDrained(): void {
    if (this.#isDraining && !this.peer.isSlipstream && this.openCount === 0) this.close();
  }
}
