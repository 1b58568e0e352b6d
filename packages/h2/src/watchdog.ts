import { later } from "./platform.ts";

const MAX_TICK_MS = 1000;
const MIN_TICK_MS = 5;

/**
 * Runs the time-outs of a session on one coarse timer, so that starting and stopping one, as happens for every full socket buffer, costs neither a timer nor
 * a look at the clock. The timer runs only while a time-out does. Late by up to two ticks of a quarter of the shortest time-out.
 */
export class Watchdog {
  readonly #tickMs: number;
  readonly #countdowns: Countdown[] = [];
  #stopTimer: (() => void) | undefined;
  #isStopped = false;

  /** @param timeoutsMs All that will be used; 0 for those that are off. */
  constructor(timeoutsMs: readonly number[]) {
    const shortest = Math.min(MAX_TICK_MS * 4, ...timeoutsMs.filter((ms) => ms > 0));
    this.#tickMs = Math.max(MIN_TICK_MS, Math.ceil(shortest / 4));
  }

  countdown(timeoutMs: number, onTimeout: () => void): Countdown {
    const ticks = timeoutMs > 0 ? Math.ceil(timeoutMs / this.#tickMs) + 1 : 0;
    const countdown = new Countdown(ticks, onTimeout, this);
    this.#countdowns.push(countdown);
    return countdown;
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    for (const countdown of this.#countdowns) countdown.stop();
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  wake(): void {
    if (this.#isStopped) return;
    this.#stopTimer ??= later(() => this.#tick(), this.#tickMs);
  }

  #tick(): void {
    this.#stopTimer = undefined;
    for (const countdown of this.#countdowns) countdown.tick();
    if (this.#countdowns.some((countdown) => countdown.isRunning)) this.wake();
  }
}

export class Countdown {
  /** 0 when it never ends. */
  readonly #ticks: number;
  readonly #onTimeout: () => void;
  readonly #watchdog: Watchdog;
  #left = 0;

  constructor(ticks: number, onTimeout: () => void, watchdog: Watchdog) {
    this.#ticks = ticks;
    this.#onTimeout = onTimeout;
    this.#watchdog = watchdog;
  }

  get isRunning(): boolean {
    return this.#left > 0;
  }

  /** Starts, or starts again. */
  start(): void {
    if (this.#ticks === 0) return;
    this.#left = this.#ticks;
    this.#watchdog.wake();
  }

  stop(): void {
    this.#left = 0;
  }

  tick(): void {
    if (this.#left > 0 && --this.#left === 0) this.#onTimeout();
  }
}
