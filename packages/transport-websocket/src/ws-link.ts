import type { LinkReceiver } from "@slipstream/ttheader";
import type { RawData, WebSocket } from "ws";
import type { StartableLink } from "./dial.ts";
import { packFrames } from "./pack.ts";

const maxPackedBytes = 256 * 1024;
/** Above this much in the socket's buffer, streams wait. */
const highWaterBytes = 256 * 1024;

/** A session's link over a WebSocket of `ws`, on either side. */
export class WsLink implements StartableLink {
  readonly canPause = true;
  readonly #socket: WebSocket;
  readonly #heartbeatIntervalMs: number;
  #receiver: LinkReceiver | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #isWaiting = false;
  #error: Error | undefined;

  /** `heartbeatIntervalMs` 0: no pings. */
  constructor(socket: WebSocket, heartbeatIntervalMs: number) {
    this.#socket = socket;
    this.#heartbeatIntervalMs = heartbeatIntervalMs;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    this.#socket
      .on("message", (data: RawData, isBinary: boolean) => {
        if (isBinary) {
          receiver.onData(data as Buffer);
        } else {
          this.#error = new Error("the peer sent a text message; expected binary ones");
          this.#socket.close(1003, "binary messages only");
        }
      })
      .on("error", (error: Error) => {
        this.#error ??= error;
      })
      .on("close", (code: number) => {
        clearInterval(this.#heartbeat);
        if (code !== 1000 && code !== 1005) this.#error ??= new Error(`WebSocket closed with code ${code}`);
        receiver.onClose(this.#error);
      });
    if (this.#heartbeatIntervalMs > 0) this.#watch();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return true;
    const messages = packFrames(chunks, maxPackedBytes);
    const last = messages.length - 1;
    for (let i = 0; i < last; i++) socket.send(messages[i] as Uint8Array);
    socket.send(messages[last] as Uint8Array, this.#sent);
    if (socket.bufferedAmount < highWaterBytes) return true;
    this.#isWaiting = true;
    return false;
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
    // A paused socket would never see the peer's close.
    this.#socket.resume();
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  readonly #sent = (): void => {
    if (!this.#isWaiting || this.#socket.bufferedAmount >= highWaterBytes) return;
    this.#isWaiting = false;
    this.#receiver?.onDrain();
  };

  /** Pings pass through proxies, which keep the TCP connection of a peer that has gone. */
  #watch(): void {
    let isAlive = true;
    this.#socket.on("pong", () => {
      isAlive = true;
    });
    this.#heartbeat = setInterval(() => {
      if (isAlive) {
        isAlive = false;
        this.#socket.ping();
      } else {
        this.#error = new Error(`no pong within ${this.#heartbeatIntervalMs} ms`);
        this.#socket.terminate();
      }
    }, this.#heartbeatIntervalMs);
  }
}
