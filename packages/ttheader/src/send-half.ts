import { type CallError, Latch, messageTooLarge, RpcError, sendBufferFull } from "@slipstream/stream";
import * as StreamErrorNumber from "./format/stream-error-number.ts";
import { patchHead } from "./head-writer.ts";
import type { Outbox } from "./parts.ts";

/** What a message costs of the credit beside its bytes: empty messages must not be free. */
export const MESSAGE_OVERHEAD_BYTES = 64;
/** A stream that waited writes so much before the next one has its turn. */
const TURN_BYTES = 64 * 1024;

/** How sending ended in order; the error for those who send afterwards is made when somebody does. */
export type SendEnd = "half-closed" | "ended";

/** Whom to tell that a message's bytes are needed no more. */
type Release = (message: Uint8Array) => void;

interface Waiting {
  readonly message: Uint8Array;
  readonly release: Release | undefined;
}

/** What a sending stream needs of its connection. */
export interface SendHost {
  readonly side: "client" | "server";
  readonly outbox: Outbox;
  readonly maxMessageBytes: number;
  readonly maxSendBufferBytes: number;
  /** Calls `pump` when the link has room. */
  waitForRoom(sender: SendHalf): void;
}

/**
 * The sending half of a stream: DATA frames in order, held back while the link is full or the peer's credit is spent,
 * and one last frame behind them.
 */
export class SendHalf {
  /** Whether it stands in the connection's line of those who wait for room. */
  isInLine = false;
  readonly #host: SendHost;
  readonly #id: number;
  readonly #dataHead: Uint8Array;
  #sentCost = 0;
  /** The cost up to which the peer lets us send; a peer without flow control never says. */
  #limit: number;
  #queue: (Waiting | undefined)[] | undefined;
  #head = 0;
  #queuedCost = 0;
  #room: Latch<void> | undefined;
  #last: (() => void) | undefined;
  #closed: CallError | SendEnd | undefined;

  constructor(host: SendHost, id: number, dataHead: Uint8Array, limit: number) {
    this.#host = host;
    this.#id = id;
    this.#dataHead = dataHead;
    this.#limit = limit;
  }

  /** Cost of the messages that wait. */
  get queuedCost(): number {
    return this.#queuedCost;
  }

  /** Whether messages, or the last frame behind them, are still to be written. */
  get isWaiting(): boolean {
    return this.#queue !== undefined;
  }

  /** As `ByteStream.send`. */
  send(message: Uint8Array, release?: Release): Promise<void> | undefined {
    if (this.#closed !== undefined) throw this.#closedError(this.#closed);
    const { maxMessageBytes, outbox } = this.#host;
    if (message.length > maxMessageBytes) throw messageTooLarge(message.length, maxMessageBytes);
    if (this.#queue === undefined && this.#sentCost < this.#limit && !outbox.isBlocked) {
      this.#write(message, release);
      return undefined;
    }
    return this.#enqueue(message, release);
  }

  /** Lets `write` put the last frame behind all messages. `closed` is what later sends are told of. */
  finish(closed: CallError | SendEnd, write: () => void): void {
    if (this.#closed !== undefined) return;
    this.#closed = closed;
    if (this.#queue === undefined) write();
    else this.#last = write;
  }

  /** Drops what waits. Those who wait for room, and later sends, are told of `closed`. */
  close(closed: CallError | SendEnd): void {
    // After a half-close that is what later sends are told, whatever the stream comes to.
    this.#closed ??= closed;
    this.#queue = undefined;
    this.#head = 0;
    this.#queuedCost = 0;
    this.#last = undefined;
    this.#room?.reject(this.#closedError(closed));
    this.#room = undefined;
  }

  /** The peer lets us send up to `limit`. Less than before is ignored unless it is the first that it says. */
  grant(limit: number): void {
    if (limit <= this.#limit && this.#limit !== Number.POSITIVE_INFINITY) return;
    this.#limit = limit;
    if (this.#queue !== undefined && this.#sentCost < limit) this.#host.waitForRoom(this);
  }

  /** Writes what waits, up to a turn's worth; returns whether it would write more. */
  pump(): boolean {
    const queue = this.#queue;
    if (queue === undefined) return false;
    const { outbox } = this.#host;
    let turn = 0;
    while (
      this.#head < queue.length &&
      this.#sentCost < this.#limit &&
      turn < TURN_BYTES &&
      !outbox.isBlocked
    ) {
      const { message, release } = queue[this.#head] as Waiting;
      queue[this.#head++] = undefined;
      turn += message.length + MESSAGE_OVERHEAD_BYTES;
      this.#queuedCost -= message.length + MESSAGE_OVERHEAD_BYTES;
      this.#write(message, release);
    }
    if (this.#head < queue.length) {
      // Else one that is never empty would grow for ever.
      if (this.#head > 1000) this.#head -= queue.splice(0, this.#head).length;
      return this.#sentCost < this.#limit;
    }
    this.#queue = undefined;
    this.#head = 0;
    const last = this.#last;
    this.#last = undefined;
    last?.();
    this.#room?.resolve();
    this.#room = undefined;
    return false;
  }

  #enqueue(message: Uint8Array, release: Release | undefined): Promise<void> {
    const { maxSendBufferBytes } = this.#host;
    const cost = message.length + MESSAGE_OVERHEAD_BYTES;
    if (this.#queue !== undefined && this.#queuedCost + cost > maxSendBufferBytes) {
      throw sendBufferFull(this.#queuedCost, maxSendBufferBytes);
    }
    this.#queue ??= [];
    this.#queue.push({ message, release });
    this.#queuedCost += cost;
    if (this.#sentCost < this.#limit) this.#host.waitForRoom(this);
    this.#room ??= new Latch();
    return this.#room.promise;
  }

  #write(message: Uint8Array, release?: Release): void {
    const { outbox } = this.#host;
    const head = this.#dataHead;
    const size = message.length;
    const at = outbox.reserve(head.length, message);
    outbox.bytes.set(head, at);
    patchHead(outbox.bytes, at, this.#id, head.length + size);
    outbox.commit(at + head.length, message, release);
    this.#sentCost += size + MESSAGE_OVERHEAD_BYTES;
  }

  #closedError(closed: CallError | SendEnd): CallError {
    if (typeof closed !== "string") return closed;
    const after = closed === "half-closed" ? "half-close" : "the call has ended";
    return new RpcError("failed_precondition", `send after ${after}`, {
      origin: { ttstream: StreamErrorNumber.illegalOperation, side: this.#host.side },
    });
  }
}
