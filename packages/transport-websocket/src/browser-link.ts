import { type Framing, type LinkReceiver, messageFraming, type Outgoing } from "@slipstream/ttheader";
import type { StartableLink } from "./dial.ts";
import { maxPackedBytes, packFrames } from "./pack.ts";
import { type BrowserWebSocket, scheduleFlush, type Timer } from "./platform.ts";

/** Above this much in the browser's own buffer, streams wait. */
const highWaterBytes = 1024 * 1024;
/** A browser does not say when its buffer has room again: it has to be asked. */
const pollMs = 5;

/** A session's link over the WebSocket of a browser. */
export class BrowserLink implements StartableLink {
  readonly framing: Framing = messageFraming;
  readonly closed: Promise<void>;
  readonly #socket: BrowserWebSocket;
  #resolveClosed!: () => void;
  #receiver: LinkReceiver | undefined;
  #writtenBytes = 0;
  #poll: Timer | undefined;

  constructor(socket: BrowserWebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  start(receiver: LinkReceiver): void {
    const socket = this.#socket;
    this.#receiver = receiver;
    socket.onmessage = ({ data }) => {
      if (typeof data === "string")
        this.#end(new Error("the server sent a text message; expected binary ones"));
      else this.#receiver?.onData(new Uint8Array(data as ArrayBuffer));
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      const isOrderly = wasClean && code === 1000;
      this.#end(
        isOrderly ? undefined : new Error(`WebSocket closed with code ${code}${reason && ` (${reason})`}`),
      );
      this.#resolveClosed();
    };
  }

  get outgoing(): Outgoing {
    const unsentBytes = this.#socket.bufferedAmount;
    return { sentBytes: this.#writtenBytes - unsentBytes, unsentBytes };
  }

  write(chunks: readonly Uint8Array[]): boolean {
    for (const message of packFrames(chunks, maxPackedBytes)) {
      this.#writtenBytes += message.length;
      this.#socket.send(message);
    }
    if (this.#hasRoom()) return true;
    this.#poll ??= setTimeout(() => this.#checkRoom(), pollMs);
    return false;
  }

  schedule(flush: () => void): void {
    scheduleFlush(flush);
  }

  // A browser cannot hold its peer back.
  pause(): void {}

  resume(): void {}

  /** The browser sends what was written before, and does not wait for the server for ever. */
  end(): void {
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#stopPolling();
    this.#socket.close(1000);
  }

  #hasRoom(): boolean {
    return this.#socket.bufferedAmount < highWaterBytes;
  }

  #checkRoom(): void {
    this.#poll = undefined;
    if (this.#hasRoom()) this.#receiver?.onDrain();
    else this.#poll = setTimeout(() => this.#checkRoom(), pollMs);
  }

  #end(error: Error | undefined): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    this.#receiver = undefined;
    this.#stopPolling();
    this.#socket.close(1000);
    receiver.onClose(error);
  }

  #stopPolling(): void {
    clearTimeout(this.#poll);
    this.#poll = undefined;
  }
}
