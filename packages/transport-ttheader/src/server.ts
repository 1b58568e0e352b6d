import type { Socket } from "node:net";
import { RpcError, type RunningTransport, type ServerHandler } from "@slipstream/stream";
import { mixedFraming, ServerSession } from "@slipstream/ttheader";
import type { ResolvedOptions } from "./options.ts";
import { SocketLink } from "./socket-link.ts";

const transport = "ttheader";

/** The server side: a session for each connection that a listener hands over. */
export class TtheaderServer {
  readonly #options: ResolvedOptions;
  readonly #sessions = new Set<ServerSession>();
  readonly #closing = new Set<Promise<void>>();
  #handler: ServerHandler | undefined;
  #isDraining = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  get queuedBytes(): number {
    let bytes = 0;
    for (const session of this.#sessions) bytes += session.queuedBytes;
    return bytes;
  }

  serve(handler: ServerHandler): RunningTransport {
    if (this.#handler !== undefined) {
      throw new RpcError(
        "failed_precondition",
        "this ttheader transport serves already; make one for each server",
      );
    }
    this.#handler = handler;
    return {
      addresses: [],
      drain: () => {
        this.#isDraining = true;
        for (const session of [...this.#sessions]) session.drain();
      },
      close: async () => {
        this.#handler = undefined;
        for (const session of [...this.#sessions]) session.close();
        await Promise.all(this.#closing);
      },
    };
  }

  accept(socket: Socket): void {
    const handler = this.#handler;
    if (handler === undefined) {
      socket.destroy();
      return;
    }
    const { keepAliveMs, onEvent } = this.#options;
    socket.setNoDelay(true);
    if (keepAliveMs > 0) socket.setKeepAlive(true, keepAliveMs);
    const address = peerOf(socket);
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    const link = new SocketLink(socket, mixedFraming);
    const tls = "encrypted" in socket && { tls: socket };
    const peer = { address, transport, ...tls };
    const session: ServerSession = new ServerSession(link, peer, this.#options.session, handler, {
      onRefused: (error) => onEvent({ type: "limit_hit", transport, peer: address, error }),
      onEnded: (error) => {
        this.#sessions.delete(session);
        onEvent({
          type: "connection_closed",
          transport,
          side: "server",
          peer: address,
          ...(error && { error }),
        });
      },
    });
    this.#sessions.add(session);
    onEvent({ type: "connection_opened", transport, side: "server", peer: address });
    link.start(session);
    if (this.#isDraining) session.drain();
  }
}

function peerOf(socket: Socket): string {
  if (socket.remoteAddress === undefined) return "unix";
  const host = socket.remoteFamily === "IPv6" ? `[${socket.remoteAddress}]` : socket.remoteAddress;
  return `${host}:${socket.remotePort}`;
}
