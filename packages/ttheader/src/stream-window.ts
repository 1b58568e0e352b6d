import type { CreditWindow, CreditWindows } from "./parts.ts";
import { now } from "./platform.ts";

/** A window that is used up this fast may be what holds the peer up. */
const FAST_MS = 250;
/** One that lasts longer is larger than what comes in that time. */
const SLOW_MS = 1000;
/** All streams of a connection may grow by as much together as so many that have all they may. */
const FULL_GROWN_STREAMS = 4;

/** What the windows of a connection's streams may grow by, all together. */
export class GrowthBudget {
  /** What no stream has. */
  leftBytes: number;

  constructor(bytes: number) {
    this.leftBytes = bytes;
  }

  /** Takes all of it, or nothing. */
  take(bytes: number): boolean {
    if (bytes > this.leftBytes) return false;
    this.leftBytes -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.leftBytes += bytes;
  }
}

/** What the streams of a connection have in common. */
export class StreamWindows implements CreditWindows {
  /** The credit of a new stream, and the least of any. */
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly budget: GrowthBudget;

  constructor(minBytes: number, maxBytes: number) {
    this.minBytes = minBytes;
    this.maxBytes = Math.max(minBytes, maxBytes);
    this.budget = new GrowthBudget(FULL_GROWN_STREAMS * (this.maxBytes - minBytes));
  }

  create(): CreditWindow {
    return new StreamWindow(this);
  }
}

/**
 * The credit that a receiving stream gives its peer, renewed when half of it is used. It doubles each time while the
 * application waits for messages and the credit does not last; it falls back when messages wait for the application. So a
 * reader that keeps up costs few updates and no waiting on long paths, and one that does not is sent no more than it was
 * promised at first. What has been granted cannot be taken back: what of it is above the first window stays counted in
 * the connection's budget until it is used.
 */
export class StreamWindow implements CreditWindow {
  readonly #windows: StreamWindows;
  #bytes: number;
  #granted: number;
  #taken = 0;
  /** What it has of the budget: at least what is granted and not taken, less the first window. */
  #growth = 0;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(windows: StreamWindows) {
    this.#windows = windows;
    this.#bytes = windows.minBytes;
    this.#granted = windows.minBytes;
  }

  take(cost: number): boolean {
    this.#taken += cost;
    return this.#granted - this.#taken <= this.#bytes / 2;
  }

  renew(hasWaited: boolean): number | undefined {
    const time = now();
    this.#resize(hasWaited, time - this.#renewedAt);
    this.#renewedAt = time;
    // After falling back there is still credit enough.
    if (this.#granted - this.#taken > this.#bytes / 2) return undefined;
    this.#keep(this.#bytes - this.#windows.minBytes);
    this.#granted = this.#taken + this.#bytes;
    return this.#granted;
  }

  end(unreadBytes: number): void {
    if (this.#growth > 0) this.#keep(unreadBytes - this.#windows.minBytes);
  }

  #resize(hasWaited: boolean, elapsedMs: number): void {
    const { minBytes, maxBytes, budget } = this.#windows;
    if (!hasWaited) {
      this.#bytes = minBytes;
    } else if (elapsedMs > SLOW_MS) {
      this.#bytes = Math.max(minBytes, Math.floor(this.#bytes / 2));
    } else if (elapsedMs < FAST_MS) {
      const bytes = Math.min(maxBytes, 2 * this.#bytes);
      const more = bytes - minBytes - this.#growth;
      if (more > 0) {
        if (!budget.take(more)) return;
        this.#growth += more;
      }
      this.#bytes = bytes;
    }
  }

  /** Gives back what it has of the budget beyond `growth`. */
  #keep(growth: number): void {
    const kept = Math.min(this.#growth, Math.max(0, growth));
    this.#windows.budget.giveBack(this.#growth - kept);
    this.#growth = kept;
  }
}
