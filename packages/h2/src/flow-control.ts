/** The receiving side of flow control (RFC 9113, 5.2 and 6.9): how much the peer may send. */

import { ErrorCode, H2Error } from "./error.ts";
import { FrameType } from "./frame.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { now } from "./platform.ts";
import { DEFAULT_WINDOW } from "./settings.ts";

/** At most so often the path is measured. */
const PROBE_INTERVAL_MS = 100;

/**
 * Finds how large a window must be for the peer never to wait for us: what arrives during a round trip, measured by a PING, twice.
 */
export class WindowGrowth {
  /** What a stream's window should be now. */
  windowBytes: number;
  readonly #maxBytes: number;
  #arrived = 0;
  #isProbing = false;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(windowBytes: number, maxBytes: number) {
    this.windowBytes = windowBytes;
    this.#maxBytes = maxBytes;
  }

  /** Counts DATA. Returns whether to send a PING now. */
  arrived(bytes: number): boolean {
    if (this.windowBytes >= this.#maxBytes) return false;
    this.#arrived += bytes;
    // A path that is not used much has no need of measuring, and the clock is not for every frame.
    if (this.#isProbing || this.#arrived < this.windowBytes >> 2) return false;
    this.#arrived = 0;
    const time = now();
    if (time - this.#probedAt < PROBE_INTERVAL_MS) return false;
    this.#probedAt = time;
    this.#isProbing = true;
    return true;
  }

  /** The PING was answered. */
  answered(): void {
    this.#isProbing = false;
    if (this.#arrived * 3 >= this.windowBytes * 2) {
      this.windowBytes = Math.min(this.#maxBytes, Math.max(this.windowBytes, this.#arrived * 2));
    }
    this.#arrived = 0;
  }
}

/**
 * The connection's window. It is replenished as bytes arrive, taken or not, while what lies unread in all streams stays below a limit: so a stream that is
 * not read is held up by its own window, and the others are not. What is unread and what may still come never exceed the limit together.
 */
export class ConnectionWindow {
  /** What the application has not taken. */
  unreadBytes = 0;
  /** What the peer may still send. */
  #open: number = DEFAULT_WINDOW;
  readonly #output: Output;
  readonly #growth: WindowGrowth;
  readonly #bytes: number;
  readonly #maxUnreadBytes: number;

  constructor(output: Output, growth: WindowGrowth, options: ResolvedOptions) {
    this.#output = output;
    this.#growth = growth;
    this.#bytes = options.connectionWindowBytes;
    this.#maxUnreadBytes = options.maxUnreadBytes;
  }

  /** @throws H2Error FLOW_CONTROL_ERROR when the peer sent more than it may. */
  arrived(bytes: number): void {
    this.#open -= bytes;
    if (this.#open < 0) {
      throw new H2Error(
        ErrorCode.FLOW_CONTROL_ERROR,
        "more DATA than the connection's window allows (RFC 9113, 6.9)",
      );
    }
  }

  /** Lets the peer send more, when that is worth a frame. */
  replenish(): void {
    const window = Math.max(this.#bytes, this.#growth.windowBytes);
    // The usual case: half the window at least is open.
    if (this.#open > window >> 1) return;
    const limit = Math.min(window, this.#maxUnreadBytes - this.unreadBytes);
    const increment = limit - this.#open;
    if (increment <= 0 || increment < limit >> 1) return;
    this.#open += increment;
    this.#output.numberFrame(FrameType.WINDOW_UPDATE, 0, increment);
  }
}
