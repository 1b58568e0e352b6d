import type { Stream } from "@slipstream/h2";
import { type CallError, Latch, messageTooLarge, RpcError, sendBufferFull } from "@slipstream/stream";
import { compress } from "./compression.ts";
import { messagePrefix } from "./message-parser.ts";

export interface SendLimits {
  readonly maxMessageBytes: number;
  readonly maxSendBufferBytes: number;
}

/** Hears that the bytes of a message are needed no more. */
type Release = (message: Uint8Array) => void;

/** How sending ended in order; the error for those who send afterwards is made when somebody does. */
export type SendEnd = "half-closed" | "complete";

/** What a waiting message costs beside its bytes, so that a million empty ones do not count as nothing. */
const messageOverhead = 64;

/** The sending half of a stream of messages. */
export class SendHalf {
  readonly #limits: SendLimits;
  readonly #isCompressed: boolean;
  #closed: CallError | SendEnd | undefined;
  /** There is no room: all who send wait for the same. */
  #room: Latch<void> | undefined;
  #waitingMessages = 0;

  constructor(limits: SendLimits, isCompressed: boolean) {
    this.#limits = limits;
    this.#isCompressed = isCompressed;
  }

  /** As `ByteStream.send`. */
  send(stream: Stream, message: Uint8Array, release?: Release): Promise<void> | undefined {
    if (this.#closed !== undefined) throw closedError(this.#closed);
    const { maxMessageBytes, maxSendBufferBytes } = this.#limits;
    const { length } = message;
    if (length > maxMessageBytes) throw messageTooLarge(length, maxMessageBytes);
    if (this.#room !== undefined) {
      const waiting = stream.bufferedBytes + this.#waitingMessages * messageOverhead;
      if (waiting + length > maxSendBufferBytes) throw sendBufferFull(waiting, maxSendBufferBytes);
    }
    const hasRoom = this.#isCompressed
      ? this.#writeCompressed(stream, message, release)
      : stream.write(message, messagePrefix(length, false), release);
    if (this.#room === undefined) {
      // A write may end the stream; who sent then hears of it by the next send.
      if (hasRoom || this.#closed !== undefined) return undefined;
      this.#room = new Latch();
    }
    this.#waitingMessages++;
    return this.#room.promise;
  }

  #writeCompressed(stream: Stream, message: Uint8Array, release: Release | undefined): boolean {
    const payload = compress(message);
    release?.(message);
    return stream.write(payload, messagePrefix(payload.length, true));
  }

  /** There is room again. */
  onDrain(): void {
    const room = this.#room;
    this.#room = undefined;
    this.#waitingMessages = 0;
    room?.resolve();
  }

  /** Nothing more is taken: every send from now on fails. What was taken still leaves. */
  close(): void {
    this.#closed ??= "half-closed";
  }

  /** The stream is over: who waits for room fails, too. */
  end(end: CallError | SendEnd): void {
    this.#closed ??= end;
    const room = this.#room;
    if (room === undefined) return;
    this.#room = undefined;
    room.reject(closedError(end));
  }
}

function closedError(end: CallError | SendEnd): CallError {
  if (typeof end !== "string") return end;
  const text =
    end === "half-closed"
      ? "send after half-close: nothing more can be sent"
      : "send after the end: the call is complete";
  return new RpcError("failed_precondition", text);
}
