import { type CallError, ReceiveQueue, RpcError } from "@slipstream/stream";

export interface PipeLimits {
  readonly windowBytes: number;
  readonly maxSendBufferBytes: number;
  readonly maxMessageBytes: number;
}

// So that a million empty messages do not count as nothing.
const messageOverhead = 64;
const cost = (message: Uint8Array): number => message.byteLength + messageOverhead;

/** One direction of a stream: what one side sends and the other receives, bounded by a window. */
export class Pipe {
  readonly queue: ReceiveQueue;
  readonly #limits: PipeLimits;
  #unread = 0;
  /** Senders waiting for room. All wait for the same thing, so they share one promise. */
  #room: { promise: Promise<void>; resolve: () => void; reject: (error: CallError) => void } | undefined;
  #closed: CallError | undefined;

  constructor(limits: PipeLimits) {
    this.#limits = limits;
    this.queue = new ReceiveQueue((message) => this.#taken(message));
  }

  send(message: Uint8Array): Promise<void> | undefined {
    if (this.#closed) throw this.#closed;
    const { maxMessageBytes, maxSendBufferBytes, windowBytes } = this.#limits;
    if (message.byteLength > maxMessageBytes) {
      throw new RpcError(
        "resource_exhausted",
        `message of ${message.byteLength} bytes is over maxMessageBytes (${maxMessageBytes})`,
      );
    }
    const waiting = this.#unread - windowBytes;
    if (waiting > 0 && waiting + cost(message) > maxSendBufferBytes) {
      throw new RpcError(
        "resource_exhausted",
        `${waiting} bytes already wait to be sent; one more message is over maxSendBufferBytes (${maxSendBufferBytes}): await send`,
      );
    }
    this.#unread += cost(message);
    this.queue.push(message);
    return this.#unread < windowBytes ? undefined : this.#waitForRoom();
  }

  /** The sender's half-close: what was sent is still received, and senders that wait still get their room. */
  halfClose(): void {
    this.#closed ??= new RpcError(
      "failed_precondition",
      "send after half-close: nothing more can be sent on this call",
    );
    this.queue.end();
  }

  /** The end of the call: `sendError` to those who send, `recvError` (or the end) to those who receive. */
  end(sendError: CallError, recvError?: CallError): void {
    this.#closed ??= sendError;
    this.queue.end(recvError);
    this.#room?.reject(sendError);
    this.#room = undefined;
  }

  /** The receiver reads no more: senders no longer wait for it. */
  discard(): void {
    this.queue.clear();
    this.#unread = 0;
    this.#makeRoom();
  }

  #taken(message: Uint8Array): void {
    this.#unread -= cost(message);
    if (this.#unread < this.#limits.windowBytes) this.#makeRoom();
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #waitForRoom(): Promise<void> {
    if (!this.#room) {
      let resolve!: () => void;
      let reject!: (error: CallError) => void;
      const promise = new Promise<void>((yes, no) => {
        resolve = yes;
        reject = no;
      });
      // Nobody has to await a send: the same error comes from recv.
      promise.catch(() => {});
      this.#room = { promise, resolve, reject };
    }
    return this.#room.promise;
  }
}
