import type { Readable, Writable } from "node:stream";
import { type CallError, Latch, messageTooLarge, ReceiveQueue, sendBufferFull } from "@slipstream/stream";

/** What the calls of the grpc-js engine heed, on either side. */
export interface GrpcJsLimits {
  readonly maxMessageBytes: number;
  readonly maxSendBufferBytes: number;
  readonly streamWindowBytes: number;
}

/** What a waiting message costs beside its bytes. */
const messageOverhead = 64;

/** Messages on their way into a call of grpc-js. */
export class GrpcJsSender {
  readonly #call: Writable;
  readonly #limits: GrpcJsLimits;
  #waitingBytes = 0;
  #room: Latch<void> | undefined;
  #closed: CallError | undefined;

  constructor(call: Writable, limits: GrpcJsLimits) {
    this.#call = call;
    this.#limits = limits;
  }

  /** As `ByteStream.send`. */
  send(message: Uint8Array): Promise<void> | undefined {
    if (this.#closed !== undefined) throw this.#closed;
    const { maxMessageBytes, maxSendBufferBytes, streamWindowBytes } = this.#limits;
    const { length } = message;
    if (length > maxMessageBytes) throw messageTooLarge(length, maxMessageBytes);
    if (this.#room !== undefined && this.#waitingBytes + length > maxSendBufferBytes) {
      throw sendBufferFull(this.#waitingBytes, maxSendBufferBytes);
    }
    const cost = length + messageOverhead;
    this.#waitingBytes += cost;
    this.#call.write(toBuffer(message), () => this.#written(cost));
    if (this.#waitingBytes < streamWindowBytes) return undefined;
    this.#room ??= new Latch();
    return this.#room.promise;
  }

  // Not the call's own "drain", which does not come any more after a half-close.
  #written(cost: number): void {
    this.#waitingBytes -= cost;
    if (this.#room === undefined || this.#waitingBytes > this.#limits.streamWindowBytes / 2) return;
    const room = this.#room;
    this.#room = undefined;
    room.resolve();
  }

  close(error: CallError): void {
    this.#closed ??= error;
  }

  end(error: CallError): void {
    this.#closed ??= error;
    const room = this.#room;
    this.#room = undefined;
    room?.reject(this.#closed);
  }
}

/** Messages that come out of a call of grpc-js, which is paused while too many wait. */
export class GrpcJsReceiver {
  readonly queue: ReceiveQueue;
  #isPaused = false;

  constructor(call: Readable, { streamWindowBytes }: GrpcJsLimits) {
    this.queue = new ReceiveQueue(() => {
      if (!this.#isPaused || this.queue.queuedBytes > streamWindowBytes / 2) return;
      this.#isPaused = false;
      call.resume();
    });
    call.on("data", (message: Buffer) => {
      this.queue.push(new Uint8Array(message.buffer, message.byteOffset, message.length));
      if (this.#isPaused || this.queue.queuedBytes < streamWindowBytes) return;
      this.#isPaused = true;
      call.pause();
    });
  }
}

/** Bytes that grpc-js takes: it has no other than Buffer. */
export function toBuffer(message: Uint8Array): Buffer {
  return Buffer.from(message.buffer, message.byteOffset, message.length);
}

/** What grpc-js calls a codec: messages are bytes already. */
export const identity = (message: Buffer): Buffer => message;
