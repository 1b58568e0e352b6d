import type { CallError } from "./errors.ts";

interface Waiter<T> {
  readonly resolve: (message: T | undefined) => void;
  readonly reject: (error: CallError) => void;
}

/**
 * The receiving half of a stream, for transports: messages in, `recv` out, with the order that the contract asks for.
 * What arrived before the end comes out before the end, waiting calls are served first in, first out, and the end, once
 * reached, is given for ever. It bounds nothing by itself: whoever fills it watches {@link queuedBytes} and is told by
 * `onTaken` when the application took a message.
 */
export class ReceiveQueue<T extends { readonly byteLength: number } = Uint8Array> {
  #messages: (T | undefined)[] = [];
  #head = 0;
  /** Up to here `replaceNew` has been. */
  #replaced = 0;
  #queuedBytes = 0;
  #waiters: Waiter<T>[] = [];
  #ended = false;
  #error: CallError | undefined;
  readonly #onTaken: ((message: T) => void) | undefined;

  constructor(onTaken?: (message: T) => void) {
    this.#onTaken = onTaken;
  }

  /** Messages that nobody has taken yet. */
  get length(): number {
    return this.#messages.length - this.#head;
  }

  /** Sum of the sizes of the messages that nobody has taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Adds a message. After the end it is dropped. */
  push(message: T): void {
    if (this.#ended) return;
    const waiter = this.#waiters.length === 0 ? undefined : this.#waiters.shift();
    if (waiter) {
      this.#onTaken?.(message);
      waiter.resolve(message);
      return;
    }
    this.#messages.push(message);
    this.#queuedBytes += message.byteLength;
  }

  /** The peer's last word: `undefined` for an orderly end. Only the first counts. */
  end(error?: CallError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (error) waiter.reject(error);
      else waiter.resolve(undefined);
    }
  }

  /** Drops what nobody took. Returns how many bytes that were. */
  clear(): number {
    const bytes = this.#queuedBytes;
    this.#messages = [];
    this.#head = 0;
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
    for (let at = Math.max(this.#head, this.#replaced); at < messages.length; at++) {
      messages[at] = replace(messages[at] as T);
    }
    this.#replaced = messages.length;
  }

  /** A message that is there, without waiting. */
  tryRecv(): T | undefined {
    if (this.#head === this.#messages.length) return undefined;
    const message = this.#messages[this.#head] as T;
    this.#messages[this.#head++] = undefined;
    if (this.#head === this.#messages.length) {
      this.#messages.length = 0;
      this.#head = 0;
      this.#replaced = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#messages.length) {
      this.#messages.splice(0, this.#head);
      this.#replaced = Math.max(0, this.#replaced - this.#head);
      this.#head = 0;
    }
    this.#queuedBytes -= message.byteLength;
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
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }
}
