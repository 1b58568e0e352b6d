import { type CallError, ReceiveQueue } from "@slipstream/stream";
import type { CreditWindow, CreditWindows } from "./parts.ts";
import { MESSAGE_OVERHEAD_BYTES } from "./send-half.ts";

/** What a receiving stream needs of its connection. */
export interface ReceiveHost {
  /** Credit that streams give their peer. */
  readonly windows: CreditWindows;
  /** Whether the peer heeds credit. */
  readonly peerHeedsCredit: boolean;
  /** Tells the peer that it may send up to `limit` on this stream. */
  sendWindow(id: number, limit: number): void;
  /** Told before a message is added to those that wait, and after some were taken. */
  onUnread(receiver: ReceiveHalf): void;
  /** Has `settle` called before the next bytes come. */
  settleLater(receiver: ReceiveHalf): void;
}

/** The receiving half of a stream: messages that wait for the application, and the credit that it gives for them. */
export class ReceiveHalf {
  readonly id: number;
  /** Whether the connection stands still because of this stream. */
  isOverLimit = false;
  /** Whether anything was taken since somebody set this to false. */
  hasMoved = false;
  readonly #host: ReceiveHost;
  readonly #queue: ReceiveQueue;
  readonly #window: CreditWindow;
  #unreadCost = 0;
  /** Whether the application waited for a message since credit was given. */
  #hasWaited = false;
  #isSettled = true;
  #isDetached = false;

  constructor(host: ReceiveHost, id: number) {
    this.#host = host;
    this.id = id;
    this.#window = host.windows.create();
    this.#queue = new ReceiveQueue((message) => this.#onTaken(message.length + MESSAGE_OVERHEAD_BYTES));
  }

  /** Cost of the messages that nobody took while the stream goes on. */
  get unreadCost(): number {
    return this.#unreadCost;
  }

  /** Takes a message from the wire: a view of the bytes that came. */
  push(message: Uint8Array): void {
    if (this.#queue.isEnded) return;
    this.#host.onUnread(this);
    if (this.#queue.isAwaited) this.#hasWaited = true;
    this.#unreadCost += message.length + MESSAGE_OVERHEAD_BYTES;
    this.#queue.push(message);
    if (this.#isSettled && this.#queue.length > 0) {
      this.#isSettled = false;
      this.#host.settleLater(this);
    }
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#queue.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#queue.tryRecv();
  }

  /** Nothing more comes: what is there is still given out, then `error`, or the end. */
  end(error?: CallError): void {
    this.#queue.end(error);
    this.#window.end(this.#unreadCost);
  }

  /** Nobody reads any more: drops what is there, and what comes. */
  discard(error?: CallError): void {
    this.#queue.end(error);
    this.#queue.clear();
    this.detach();
  }

  /** Drops what is there; the end that was or will be set stays. */
  drop(): void {
    this.#queue.clear();
  }

  /** The stream is over: what is still to be read no longer holds the connection up. */
  detach(): void {
    this.#unreadCost = 0;
    this.#window.end(0);
    this.#isDetached = true;
    this.#host.onUnread(this);
  }

  /** Takes messages that stay out of the chunks in which they came, so that a small one does not keep a large chunk. */
  settle(): void {
    this.#isSettled = true;
    this.#queue.replaceNew((message) =>
      message.buffer.byteLength > 2 * message.length ? message.slice() : message,
    );
  }

  #onTaken(cost: number): void {
    if (this.#isDetached) return;
    this.#unreadCost -= cost;
    this.hasMoved = true;
    if (this.isOverLimit) this.#host.onUnread(this);
    if (this.#queue.isEnded) this.#window.end(this.#unreadCost);
    else if (this.#window.take(cost) && this.#host.peerHeedsCredit) this.#renew();
  }

  /** Gives the peer new credit. */
  #renew(): void {
    const limit = this.#window.renew(this.#hasWaited);
    this.#hasWaited = false;
    if (limit !== undefined) this.#host.sendWindow(this.id, limit);
  }
}
