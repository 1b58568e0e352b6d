import type { LinkReceiver } from "@slipstream/ttheader";
import type { StartableLink } from "./dial.ts";
import { packFrames } from "./pack.ts";
import { type BrowserWebSocket, clearTimer, scheduleFlush, setTimer, type Timer } from "./platform.ts";

const maxPackedBytes = 256 * 1024;
/** Above this much in the browser's own buffer, streams wait. */
const highWaterBytes = 1024 * 1024;
/** A browser does not say when its buffer has room again: it has to be asked. */
const pollMs = 5;

/** A session's link over the WebSocket of a browser. */
export class BrowserLink implements StartableLink {
  readonly canPause = false;
  readonly #socket: BrowserWebSocket;
  #receiver: LinkReceiver | undefined;
  #poll: Timer | undefined;
  #isClosed = false;

  constructor(socket: BrowserWebSocket) {
    this.#socket = socket;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") {
        this.#close(new Error("the server sent a text message; expected binary ones"));
        socket.close();
      } else {
        receiver.onData(new Uint8Array(data as ArrayBuffer));
      }
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      const why = `WebSocket closed with code ${code}${reason ? ` (${reason})` : ""}`;
      this.#close(wasClean && code === 1000 ? undefined : new Error(why));
    };
    socket.onerror = () => {};
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#isClosed) return true;
    for (const message of packFrames(chunks, maxPackedBytes)) this.#socket.send(message);
    if (this.#socket.bufferedAmount < highWaterBytes) return true;
    this.#poll ??= setTimer(() => this.#checkRoom(), pollMs);
    return false;
  }

  schedule(flush: () => void): void {
    scheduleFlush(flush);
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#socket.close(1000);
    this.#close(undefined);
  }

  #checkRoom(): void {
    this.#poll = undefined;
    if (this.#isClosed) return;
    if (this.#socket.bufferedAmount < highWaterBytes) this.#receiver?.onDrain();
    else this.#poll = setTimer(() => this.#checkRoom(), pollMs);
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#poll !== undefined) clearTimer(this.#poll);
    // The session must not hear of it from within its own call.
    setTimer(() => this.#receiver?.onClose(error), 0);
  }
}
