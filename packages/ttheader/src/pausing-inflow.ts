import type { RpcError } from "@slipstream/stream";
import type { Link } from "./link.ts";
import { type Inflow, type OnStalled, tooMuchUnread } from "./parts.ts";
import { clearTimer, setTimer, type Timer } from "./platform.ts";
import type { ReceiveHalf } from "./receive-half.ts";

export interface InflowOptions {
  readonly maxUnreadBytes: number;
  readonly stalledStreamTimeoutMs: number;
}

/**
 * Holds the peer back, by reading no more from the link, while a stream has more unread than its limit. That stops every
 * stream of the connection, so a stream that nobody reads for a time is ended: `onStalled` is to do that.
 */
export class PausingInflow implements Inflow {
  readonly #link: Link;
  readonly #options: InflowOptions;
  readonly #onStalled: OnStalled;
  readonly #overLimit = new Set<ReceiveHalf>();
  #timer: Timer | undefined;
  #isHeldByUs = false;
  #isPaused = false;

  constructor(link: Link, options: InflowOptions, onStalled: OnStalled) {
    this.#link = link;
    this.#options = options;
    this.#onStalled = onStalled;
  }

  check(receiver: ReceiveHalf): void {
    const { maxUnreadBytes } = this.#options;
    if (receiver.isOverLimit) {
      // Well below the limit, so that the link does not stop and go for every message.
      if (receiver.unreadCost <= maxUnreadBytes / 2) this.#release(receiver);
    } else if (receiver.unreadCost >= maxUnreadBytes) {
      receiver.isOverLimit = true;
      receiver.hasMoved = false;
      this.#overLimit.add(receiver);
      this.#update();
    }
  }

  hold(isHeld: boolean): void {
    this.#isHeldByUs = isHeld;
    this.#update();
  }

  close(): void {
    this.#overLimit.clear();
    clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #release(receiver: ReceiveHalf): void {
    receiver.isOverLimit = false;
    this.#overLimit.delete(receiver);
    this.#update();
  }

  #update(): void {
    const isStalled = this.#overLimit.size > 0;
    const pause = isStalled || this.#isHeldByUs;
    if (pause !== this.#isPaused) {
      this.#isPaused = pause;
      if (pause) this.#link.pause();
      else this.#link.resume();
    }
    if (isStalled && this.#timer === undefined) {
      this.#timer = setTimer(() => this.#endStalled(), this.#options.stalledStreamTimeoutMs);
    } else if (!isStalled && this.#timer !== undefined) {
      clearTimer(this.#timer);
      this.#timer = undefined;
    }
  }

  #endStalled(): void {
    this.#timer = undefined;
    for (const receiver of [...this.#overLimit]) {
      if (receiver.hasMoved) {
        receiver.hasMoved = false;
      } else {
        const error = this.#error(receiver);
        this.#release(receiver);
        this.#onStalled(receiver, error);
      }
    }
    this.#update();
  }

  #error(receiver: ReceiveHalf): RpcError {
    const { maxUnreadBytes, stalledStreamTimeoutMs } = this.#options;
    return tooMuchUnread(receiver, maxUnreadBytes, ` for stalledStreamTimeoutMs (${stalledStreamTimeoutMs})`);
  }
}
