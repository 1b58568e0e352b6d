import { now } from "./platform.ts";

const NEAR_MS = 50;
const NEAR_SHARE = 0.1;

/** The time that a call was given. */
export class Budget {
  readonly #timeoutMs: number | undefined;
  readonly #startedMs: number;

  constructor(timeoutMs: number | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#startedMs = timeoutMs === undefined ? 0 : now();
  }

  /**
   * Whether it is spent but for 50 ms or a tenth. The client's timer always runs out before the server's, which starts
   * later: an end without a reason that comes this late is the deadline's.
   */
  get isNear(): boolean {
    if (this.#timeoutMs === undefined) return false;
    const leftMs = this.#timeoutMs - (now() - this.#startedMs);
    return leftMs <= Math.max(NEAR_MS, this.#timeoutMs * NEAR_SHARE);
  }
}
