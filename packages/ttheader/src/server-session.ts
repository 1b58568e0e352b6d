import { RpcError, type ServerHandler } from "@slipstream/stream";
import { type Control, ControlKey, encodeHello } from "./control.ts";
import { IntKey } from "./format.ts";
import type { FrameHead } from "./frame-head.ts";
import type { Link } from "./link.ts";
import type { ResolvedSessionOptions } from "./options.ts";
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
  readonly #handler: ServerHandler;
  readonly #events: ServerSessionEvents;
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

  protected override onMessage(head: FrameHead): void {
    void head;
    throw new RpcError("internal", "a ping-pong message came on a connection of streams");
  }

  protected override onControl(control: Control): void {
    if (!control.isHello || this.peer.isSlipstream) return;
    this.writeEncoded(encodeHello(this.streamWindowBytes));
    this.setPeerWindow(control.window ?? Number.POSITIVE_INFINITY);
    if (this.#isDraining) this.writeControl(0, [[ControlKey.drain, "1"]]);
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
    const { maxStreams } = this.options;
    // The new one is in the table already.
    if (this.openCount > maxStreams) {
      return new RpcError(
        "resource_exhausted",
        `${maxStreams} streams are open on this connection, maxStreams is reached`,
      );
    }
    if (this.#isDraining && !this.peer.isSlipstream) {
      return new RpcError("unavailable", "the server is shutting down and takes no new calls");
    }
    return undefined;
  }

  #closeIfDrained(): void {
    if (this.#isDraining && !this.peer.isSlipstream && this.openCount === 0) this.close();
  }
}
