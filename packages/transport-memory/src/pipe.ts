import {
  type CallError,
  Latch,
  messageTooLarge,
  ReceiveQueue,
  RpcError,
  sendBufferFull,
} from "@slipstream/stream";

export interface PipeLimits {
  readonly windowBytes: number;
  readonly maxSendBufferBytes: number;
  readonly maxMessageBytes: number;
}

/** Bytes that wait in all pipes of a transport. */
export interface Level {
  queuedBytes: number;
}

// So that a million empty messages do not count as nothing.
const messageOverhead = 64;
const cost = (message: Uint8Array): number => message.byteLength + messageOverhead;

/** One direction of a stream: what one side sends and the other receives, bounded by a window. */
export class Pipe {
  readonly queue: ReceiveQueue;
  readonly #limits: PipeLimits;
  readonly #level: Level;
  #unread = 0;
  /** What senders wait for that found the window full: all for the same. */
  #room: Latch<void> | undefined;
  /** What a sender is told from now on. */
  #closed: CallError | undefined;

  constructor(limits: PipeLimits, level: Level) {
    this.#limits = limits;
    this.#level = level;
    this.queue = new ReceiveQueue((message) => this.#taken(message));
  }

  send(message: Uint8Array): Promise<void> | undefined {
    if (this.#closed) throw this.#closed;
    const { maxMessageBytes, maxSendBufferBytes, windowBytes } = this.#limits;
    if (message.byteLength > maxMessageBytes) throw messageTooLarge(message.byteLength, maxMessageBytes);
    const waiting = this.#unread - windowBytes;
    if (waiting > 0 && waiting + cost(message) > maxSendBufferBytes) {
      throw sendBufferFull(waiting, maxSendBufferBytes);
    }
    this.#unread += cost(message);
    this.#level.queuedBytes += message.byteLength;
    this.queue.push(message);
    if (this.#unread < windowBytes) return undefined;
    this.#room ??= new Latch();
    return this.#room.promise;
  }

  /** The sender's half-close: what was sent is still received, and senders that wait still get their room. */
  halfClose(): void {
    this.#closed ??= new RpcError("failed_precondition", "send after half-close: nothing more can be sent");
    this.queue.end();
  }

  /** The end of the call: `sendError` to those who send; `recvError`, or the end, to those who receive. */
  end(sendError: CallError, recvError: CallError | undefined): void {
    this.#closed ??= sendError;
    this.queue.end(recvError);
    this.#room?.reject(sendError);
    this.#room = undefined;
  }

  /** Drops what was not received. */
  discard(): void {
    this.#level.queuedBytes -= this.queue.clear();
    this.#unread = 0;
  }

  #taken(message: Uint8Array): void {
    this.#unread -= cost(message);
    this.#level.queuedBytes -= message.byteLength;
    if (!this.#room || this.#unread >= this.#limits.windowBytes) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}
