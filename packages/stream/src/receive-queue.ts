import type { CallError } from "./errors.ts";

interface Waiter<T> {
  readonly resolve: (message: T | undefined) => void;
  readonly reject: (error: CallError) => void;
}

/** An empty queue keeps so many places at most for what comes next. */
const keptPlaces = 256;

/**
 * The receiving half of a stream, for transports: messages in, `recv` out, with the order that the contract asks for.
 * What arrived before the end comes out before the end, waiting calls are served first in, first out, and the end, once
 * reached, is given for ever. It bounds nothing by itself: whoever fills it watches {@link queuedBytes} and is told by
 * `onTaken` when the application took a message.
 */
export class ReceiveQueue<T extends { readonly length: number } = Uint8Array> {
  /** Made with the first message that waits. Its places are used again: an array that shrinks and grows costs more. */
  #messages: (T | undefined)[] | undefined;
  /** What waits is from `#head` up to `#tail`. */
  #head = 0;
  #tail = 0;
  /** Up to here `replaceNew` has been. */
  #replaced = 0;
  #queuedBytes = 0;
  #waiters: Waiter<T>[] | undefined;
  #ended = false;
  #error: CallError | undefined;
  readonly #onTaken: ((message: T) => void) | undefined;

  constructor(onTaken?: (message: T) => void) {
    this.#onTaken = onTaken;
  }

  /** Messages that nobody has taken yet. */
  get length(): number {
    return this.#tail - this.#head;
  }

  /** Sum of the sizes of the messages that nobody has taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether somebody waits: the next message goes straight to them. */
  get isAwaited(): boolean {
    return this.#waiters !== undefined;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Adds a message. After the end it is dropped. */
  push(message: T): void {
    if (this.#ended) return;
    const waiter = this.#waiters?.shift();
    if (waiter) {
      if (this.#waiters?.length === 0) this.#waiters = undefined;
      this.#onTaken?.(message);
      waiter.resolve(message);
      return;
    }
    if (this.#messages === undefined) this.#messages = [message];
    else this.#messages[this.#tail] = message;
    this.#tail++;
    this.#queuedBytes += message.length;
  }

  /** The peer's last word: `undefined` for an orderly end. Only the first counts. */
  end(error?: CallError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters === undefined) return;
    for (const waiter of waiters) {
      if (error) waiter.reject(error);
      else waiter.resolve(undefined);
    }
  }

  /** Drops what nobody took. Returns how many bytes that were. */
  clear(): number {
    const bytes = this.#queuedBytes;
    this.#messages = undefined;
    this.#head = 0;
    this.#tail = 0;
    this.#replaced = 0;
    this.#queuedBytes = 0;
    return bytes;
  }

  /**
   * Puts what `replace` gives in the place of each waiting message that came since the last time: for transports whose
   * messages are views of larger memory, to let go of it when they stay. The size must not change.
   */
  replaceNew(replace: (message: T) => T): void {
    const messages = this.#messages;
    if (messages === undefined) return;
    for (let at = Math.max(this.#head, this.#replaced); at < this.#tail; at++) {
      messages[at] = replace(messages[at] as T);
    }
    this.#replaced = this.#tail;
  }

  /** A message that is there, without waiting. */
  tryRecv(): T | undefined {
    const messages = this.#messages;
    if (messages === undefined || this.#head === this.#tail) return undefined;
    const message = messages[this.#head] as T;
    messages[this.#head++] = undefined;
    if (this.#head === this.#tail) this.#startOver(messages);
    else if (this.#head >= 1024 && this.#head * 2 >= this.#tail) this.#closeUp(messages);
    this.#queuedBytes -= message.length;
    this.#onTaken?.(message);
    return message;
  }

  /** As `ByteStream.recv`: throws the stream's error once the messages before it are taken. */
  recv(): Promise<T | undefined> | T | undefined {
    const message = this.tryRecv();
    if (message !== undefined) return message;
    if (this.#ended) {
      if (this.#error) throw this.#error;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (this.#waiters === undefined) this.#waiters = [waiter];
      else this.#waiters.push(waiter);
    });
  }

  #startOver(messages: (T | undefined)[]): void {
    this.#head = 0;
    this.#tail = 0;
    this.#replaced = 0;
    if (messages.length > keptPlaces) this.#messages = undefined;
  }

  #closeUp(messages: (T | undefined)[]): void {
    messages.splice(0, this.#head);
    this.#tail -= this.#head;
    this.#replaced = Math.max(0, this.#replaced - this.#head);
    this.#head = 0;
  }
}
