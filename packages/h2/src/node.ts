/** Sessions over the sockets of `node:net` and `node:tls`. */

import type { Socket } from "node:net";
import {
  createClientSession as createClient,
  createServerSession as createServer,
} from "./create-session.ts";
import type { Link, LinkReceiver } from "./link.ts";
import type { SessionOptions } from "./options.ts";
import type { H2Session, SessionHandler } from "./types.ts";

/** The name for ALPN, as in `tls.connect({ ALPNProtocols: [ALPN] })` (RFC 9113, 3.2). */
export const ALPN = "h2";

/**
 * A client's session on a socket, or TLS socket, that is connecting or connected. The socket is the session's from here on.
 *
 * With TLS, check that the peer chose the protocol (`socket.alpnProtocol === ALPN`) before.
 */
export function createClientSession(
  socket: Socket,
  handler: SessionHandler,
  options?: SessionOptions,
): H2Session {
  return createClient(socketLink(socket), handler, options);
}

/** A server's session on a socket that was accepted. Bytes already read from it may be put back with `unshift` before. */
export function createServerSession(
  socket: Socket,
  handler: SessionHandler,
  options?: SessionOptions,
): H2Session {
  return createServer(socketLink(socket), handler, options);
}

/** A link over a socket of `node:net` or `node:tls`. */
export function socketLink(socket: Socket): Link {
  return new SocketLink(socket);
}

/** A socket that holds so much is full. */
const HIGH_WATER_BYTES = 64 * 1024;

class SocketLink implements Link {
  readonly #socket: Socket;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isEmpty(): boolean {
    return this.#socket.writableLength === 0;
  }

  start(receiver: LinkReceiver): void {
    const socket = this.#socket;
    // Frames are gathered per turn already; waiting for more would only delay them.
    socket.setNoDelay(true);
    let isClosed = false;
    const close = (): void => {
      if (isClosed) return;
      isClosed = true;
      receiver.onClose(this.#error);
    };
    socket.on("data", (chunk: Uint8Array) => receiver.onData(chunk));
    socket.on("drain", () => receiver.onDrain());
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    // A peer that ended its side can be sent nothing that it would answer.
    socket.on("end", close);
    socket.on("close", close);
    if (socket.destroyed) process.nextTick(close);
    else socket.resume();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    const [first] = chunks;
    if (chunks.length === 1 && first !== undefined) {
      socket.write(first);
    } else {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    }
    // What `write` answers is about the size of the chunk; usually the kernel has taken it already.
    return !socket.writableNeedDrain || socket.writableLength < HIGH_WATER_BYTES;
  }

  schedule(flush: () => void): void {
    process.nextTick(flush);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
