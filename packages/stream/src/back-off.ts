declare const performance: { now(): number };

/**
 * How long an address that cannot be reached is left alone: `minDelayMs` after the first failure, twice as long with every
 * further one up to `maxDelayMs`, each give or take a fifth at random.
 */
export class BackOff {
  readonly #minDelayMs: number;
  readonly #maxDelayMs: number;
  #failures = 0;
  #until = 0;

  constructor(minDelayMs: number, maxDelayMs: number) {
    this.#minDelayMs = minDelayMs;
    this.#maxDelayMs = maxDelayMs;
  }

  /** Milliseconds until it may be tried again; 0 when it may be now. */
  get remainingMs(): number {
    return Math.max(0, Math.ceil(this.#until - performance.now()));
  }

  onFailure(): void {
    const delayMs = Math.min(this.#maxDelayMs, this.#minDelayMs * 2 ** this.#failures++);
    // So that many clients do not come back at the same moment.
    this.#until = performance.now() + delayMs * (0.8 + 0.4 * Math.random());
  }

  onSuccess(): void {
    this.#failures = 0;
    this.#until = 0;
  }
}
