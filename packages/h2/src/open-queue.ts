import type { H2Error } from "./error.ts";
import type { OpenWaiter } from "./types.ts";

/** Those who wait to open a stream, first in, first out. */
export class OpenQueue {
  /** A waiter is being given its turn. */
  isTurn = false;
  readonly #waiters: Set<OpenWaiter> = new Set();
  readonly #canStart: () => boolean;

  constructor(canStart: () => boolean) {
    this.#canStart = canStart;
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  add(waiter: OpenWaiter): void {
    this.#waiters.add(waiter);
  }

  delete(waiter: OpenWaiter): void {
    this.#waiters.delete(waiter);
  }

  /** Gives turns while a stream can be opened. */
  run(): void {
    if (this.isTurn) return;
    while (this.#waiters.size > 0 && this.#canStart()) {
      const [waiter] = this.#waiters as Set<OpenWaiter> & Iterable<OpenWaiter>;
      this.#waiters.delete(waiter as OpenWaiter);
      this.isTurn = true;
      try {
        waiter?.onCanOpen();
      } finally {
        this.isTurn = false;
      }
    }
  }

  refuse(error: H2Error): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.onCannotOpen(error);
  }
}
