import { RpcError, type ServerHandler } from "@slipstream/stream";
import { type Control, ControlKey, encodeHello } from "./control.ts";
import { IntKey } from "./format.ts";
import type { FrameHead } from "./frame-head.ts";
import type { Link } from "./link.ts";
import type { ResolvedSessionOptions } from "./options.ts";
import { ServerCall } from "./server-call.ts";
import { ServerStream } from "./server-stream.ts";
import { Session, type SessionPeer } from "./session.ts";
import { readStart } from "./start.ts";

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
  readonly #inOrder: ServerCall[] = [];
  #hasHeardHello = false;
  #isDraining = false;

  constructor(
    link: Link,
    peer: SessionPeer,
    options: ResolvedSessionOptions,
    handler: ServerHandler,
    events: ServerSessionEvents = {},
  ) {
    super(link, peer, options);
    this.#handler = handler;
    this.#events = events;
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
    const stream = new ServerStream(this, head.sequenceId, head.int(IntKey.toMethod) ?? "", this.peerWindow);
    this.exchanges.add(stream);
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#events.onRefused?.(refusal);
      stream.end({ error: refusal, trailer: [] });
      return;
    }
    try {
      stream.begin(readStart(head), head.copySections());
    } catch (error) {
      stream.end({ error: RpcError.from(error), trailer: [] });
      return;
    }
    this.#handler.stream(stream);
  }

  /** A ping-pong request. */
  protected override onMessage(head: FrameHead): void {
    if (this.exchanges.get(head.sequenceId) !== undefined) {
      throw new RpcError("internal", `a request came with id ${head.sequenceId}, which is in use`);
    }
    const call = new ServerCall(this, head);
    this.exchanges.add(call);
    if (this.openCount > this.options.maxStreams) {
      const error = this.#tooMany();
      this.#events.onRefused?.(error);
      call.refuse(error);
    } else if (call.isUnordered) {
      void this.#serve(call);
    } else {
      this.#inOrder.push(call);
      if (this.#inOrder.length === 1) void this.#serveInOrder();
    }
  }

  protected override onControl(control: Control): void {
    if (!control.isHello || this.#hasHeardHello) return;
    this.#hasHeardHello = true;
    // One that was known to be Slipstream has been told already.
    const isDrainUntold = this.#isDraining && !this.peer.isSlipstream;
    this.writeEncoded(encodeHello(this.streamWindowBytes));
    this.setPeerWindow(control.window ?? Number.POSITIVE_INFINITY);
    if (isDrainUntold) this.writeControl(0, [[ControlKey.drain, "1"]]);
  }

  protected override onRemoved(): void {
    this.#closeIfDrained();
  }

  protected override onEnded(error: RpcError | undefined): void {
    this.#events.onEnded?.(error);
  }

  override onData(chunk: Uint8Array): void {
    super.onData(chunk);
    // A peer that opens streams and reads no answers is not listened to until it does.
    if (this.outbox.pendingBytes > this.maxSendBufferBytes) this.inflow.hold(true);
  }

  protected override onRoom(): void {
    super.onRoom();
    this.inflow.hold(false);
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

  async #serve(call: ServerCall): Promise<void> {
    call.finish(await this.#handler.call(call.start, call.request));
  }

  async #serveInOrder(): Promise<void> {
    for (let call = this.#inOrder[0]; call !== undefined; call = this.#inOrder[0]) {
      // Its client may have gone while it waited.
      if (call.start.ended.reason === undefined) await this.#serve(call);
      this.#inOrder.shift();
    }
  }

  #closeIfDrained(): void {
    if (this.#isDraining && !this.peer.isSlipstream && this.openCount === 0) this.close();
  }
}
