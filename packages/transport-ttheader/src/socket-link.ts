import type { Socket } from "node:net";
import { type LentMemory, lentDataEvent } from "@slipstream/stream/node";
import type { Framing, Link, LinkReceiver } from "@slipstream/ttheader";

/** What a socket may hold before streams have to wait. */
const HIGH_WATER_BYTES = 64 * 1024;
/** How long a peer may take to answer our end of the connection. */
const CLOSE_TIMEOUT_MS = 1000;

/** A session's link over a TCP, TLS or Unix socket. */
export class SocketLink implements Link {
  readonly framing: Framing;
  readonly #socket: Socket;

  constructor(socket: Socket, framing: Framing) {
    this.framing = framing;
    this.#socket = socket;
  }

  get isEmpty(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** From now on `receiver` hears of the socket. */
  start(receiver: LinkReceiver): void {
    const socket = this.#socket;
    let error: Error | undefined;
    let isClosed = false;
    const close = (): void => {
      if (isClosed) return;
      isClosed = true;
      receiver.onClose(error);
    };
    socket
      .on("data", (chunk: Buffer) => receiver.onData(chunk))
      .on(lentDataEvent, (bytes: Uint8Array, memory: LentMemory) => receiver.onData(bytes, memory))
      .on("drain", () => receiver.onDrain())
      .on("error", (cause) => {
        error = cause;
      })
      // The peer sends nothing more, so nobody can wait for it; a half-open connection is of no use here.
      .on("end", close)
      .on("close", close);
    socket.resume();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (chunks.length === 1) {
      socket.write(chunks[0] as Uint8Array);
    } else {
      // Leaves as one writev.
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    }
    // What the kernel took at once no longer counts here, unlike in the result of `write`.
    return socket.writableLength < HIGH_WATER_BYTES || !socket.writableNeedDrain;
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
    const socket = this.#socket;
    socket.end();
    const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
    socket.once("close", () => clearTimeout(timer));
    // A paused socket would never see the peer's end.
    socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
