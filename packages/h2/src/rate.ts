import { LimitError } from "./limit-error.ts";
import type { RateLimit, SessionOptions } from "./options.ts";
import { now } from "./platform.ts";

/** Counts something that a peer causes, against a {@link RateLimit}. Needs no timer, and reads the clock only when a burst is used up. */
export class Rate {
  readonly #option: keyof SessionOptions;
  readonly #limit: RateLimit;
  readonly #what: string;
  #left: number;
  #refilledAt: number = now();

  /** @param what What is counted, for the error's text. */
  constructor(option: keyof SessionOptions, limit: RateLimit, what: string) {
    this.#option = option;
    this.#limit = limit;
    this.#what = what;
    this.#left = limit.burst;
  }

  /** Allows so many more. */
  earn(count: number): void {
    this.#left = Math.min(this.#limit.burst, this.#left + count);
  }

  /** @throws LimitError when this one was too many. */
  count(): void {
    if (--this.#left >= 0) return;
    const time = now();
    this.earn(((time - this.#refilledAt) / 1000) * this.#limit.perSecond);
    this.#refilledAt = time;
    if (this.#left >= 0) return;
    const { burst, perSecond } = this.#limit;
    throw new LimitError(this.#option, `more ${this.#what} than ${burst} at once and ${perSecond} a second`);
  }
}
