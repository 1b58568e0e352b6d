import type { Socket } from "node:net";
import { type Framing, type LinkReceiver, messageFraming } from "@slipstream/ttheader";
import type { RawData, WebSocket } from "ws";
import type { StartableLink } from "../dial.ts";
import { maxPackedBytes, packFrames } from "../pack.ts";
import { Incoming } from "./incoming.ts";
import { Unmasker } from "./unmasker.ts";
import { writeMessage } from "./write-message.ts";

/** Above this much in the socket's buffer, streams wait. */
const highWaterBytes = 256 * 1024;
/** Options of `ws` for both sides: how long a peer may take to answer our close. Its types do not know it yet. */
export const closeOptions: object = { closeTimeout: 1000 };

/** A session's link over a WebSocket of `ws`, on either side. */
export class WsLink implements StartableLink {
  readonly framing: Framing = messageFraming;
  readonly chunksAreMessages = true;
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #isServer: boolean;
  /** What `ws` then does by itself. */
  readonly #compresses: boolean;
  readonly #pingIntervalMs: number;
  #receiver: LinkReceiver | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #isWaiting = false;
  #error: Error | undefined;

  /** `tcp` is what the WebSocket runs on, of which nothing was read yet; `pingIntervalMs` 0: no pings. */
  constructor(socket: WebSocket, tcp: Socket, isServer: boolean, pingIntervalMs: number) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#isServer = isServer;
    this.#compresses = socket.extensions !== "";
    this.#pingIntervalMs = pingIntervalMs;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    if (!this.#compresses) {
      this.#readFirst();
      tcp.on("drain", this.#onSent);
    } else if (isServer) {
      const unmasker = new Unmasker();
      tcp.prependListener("data", (chunk: Buffer) => unmasker.push(chunk));
    }
    // What came while nothing was read: `ws` would take it past those who read first, masks and all.
    tcp.prependListener("close", () => {
      const rest: unknown = tcp.read();
      if (rest !== null) tcp.emit("data", rest);
    });
  }

  /** Reads before `ws` does, which gets what is left. Not what is compressed: `ws` takes its time with that, and order counts. */
  #readFirst(): void {
    const tcp = this.#tcp;
    const incoming = new Incoming(this.#isServer, this.#onMessage);
    const others = tcp.listeners("data") as ((chunk: Buffer) => void)[];
    tcp.on("data", (chunk: Buffer) => {
      const at = incoming.take(chunk);
      if (at === chunk.length) return;
      const rest = at === 0 ? chunk : chunk.subarray(at);
      for (const other of others) other.call(tcp, rest);
    });
    for (const other of others) tcp.off("data", other);
  }

  readonly #onMessage = (message: Uint8Array): void => {
    if (this.#error === undefined) this.#receiver?.onData(message);
  };

  get isEmpty(): boolean {
    return this.#socket.bufferedAmount === 0;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    this.#socket
      .on("message", (data: RawData, isBinary: boolean) => {
        if (isBinary) {
          this.#onMessage(data as Buffer);
        } else if (this.#error === undefined) {
          this.#error = new Error("the peer sent a text message; expected binary ones");
          this.#socket.close(1003, "binary messages only");
        }
      })
      .on("error", (error: Error) => {
        this.#error ??= error;
      })
      .on("close", (code: number) => {
        clearInterval(this.#heartbeat);
        // 1005: closed in order, without a code.
        if (code !== 1000 && code !== 1005) this.#error ??= new Error(`WebSocket closed with code ${code}`);
        receiver.onClose(this.#error);
      });
    if (this.#pingIntervalMs > 0) this.#watch();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    // It is closing, and says so by its event.
    if (socket.readyState !== socket.OPEN) return true;
    const messages = packFrames(chunks, maxPackedBytes);
    const last = messages.length - 1;
    if (last > 0) this.#tcp.cork();
    for (let i = 0; i <= last; i++) this.#send(messages[i] as Uint8Array);
    if (last > 0) this.#tcp.uncork();
    if (socket.bufferedAmount < highWaterBytes) return true;
    this.#isWaiting = true;
    return false;
  }

  #send(message: Uint8Array): void {
    if (this.#compresses) this.#socket.send(message, this.#onSent);
    else writeMessage(this.#tcp, message, !this.#isServer);
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
    this.#socket.close(1000);
    // A paused socket would never see the peer's close.
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.terminate();
  }

  readonly #onSent = (): void => {
    if (!this.#isWaiting || this.#socket.bufferedAmount >= highWaterBytes) return;
    this.#isWaiting = false;
    this.#receiver?.onDrain();
  };

  /** Asks a silent peer for a pong: pings pass through proxies, which keep the connection of a peer that has gone. */
  #watch(): void {
    let heard = this.#tcp.bytesRead;
    let hasAsked = false;
    const look = (): void => {
      const bytes = this.#tcp.bytesRead;
      // Nothing is heard of a peer that we do not listen to.
      const isAlive = bytes !== heard || this.#socket.isPaused;
      heard = bytes;
      if (!isAlive && hasAsked) {
        this.#error = new Error(`the peer sent nothing for ${2 * this.#pingIntervalMs} ms, and no pong`);
        this.#socket.terminate();
        return;
      }
      hasAsked = !isAlive;
      if (hasAsked) this.#socket.ping();
    };
    // Once what came has been read: in a process that was busy for so long, that may be a pong.
    this.#heartbeat = setInterval(() => setImmediate(look), this.#pingIntervalMs).unref();
  }
}
