/** The receiving side of flow control (RFC 9113, 5.2 and 6.9): how much the peer may send. */

import { ErrorCode, H2Error } from "./error.ts";
import { FrameType } from "./frame.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { now } from "./platform.ts";
import { DEFAULT_WINDOW } from "./settings.ts";

/** At most so often the path is measured. */
const PROBE_INTERVAL_MS = 100;
/** A window that has to be renewed sooner is too small: each WINDOW_UPDATE is a write, and wakes a peer that waits for it. */
const MIN_RENEWAL_INTERVAL_MS = 5;

/**
 * Finds how large a window must be for the peer never to wait for us: what arrives during a round trip, measured by a PING, twice. On a short path it is
 * not the round trip that counts but how often both sides are woken, so there windows grow until that is seldom.
 */
export class WindowGrowth {
  /** What a stream's window should be now. */
  windowBytes: number;
  readonly #maxBytes: number;
  #arrived = 0;
  #isProbing = false;
  #probedAt = Number.NEGATIVE_INFINITY;
  #renewedAt = Number.NEGATIVE_INFINITY;

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

  /** A stream that is read as fast as its bytes arrive gets a new window. Returns how large. */
  renewed(): number {
    if (this.windowBytes >= this.#maxBytes) return this.windowBytes;
    const time = now();
    if (time - this.#renewedAt < MIN_RENEWAL_INTERVAL_MS) {
      this.windowBytes = Math.min(this.#maxBytes, this.windowBytes * 2);
    }
    this.#renewedAt = time;
    return this.windowBytes;
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

  /**
   * Lets the peer send more, when that is worth a frame: when more than half of the window is used, or a quarter and a stream's frame goes out anyway. So of
   * two windows of one size the connection's does not go first, in a write of its own.
   */
  replenish(goesAlong = false): void {
    const window = Math.max(this.#bytes, this.#growth.windowBytes);
    const worth = goesAlong ? 2 / 8 : 5 / 8;
    // The usual case.
    if (this.#open > window * (1 - worth)) return;
    const limit = Math.min(window, this.#maxUnreadBytes - this.unreadBytes);
    const increment = limit - this.#open;
    if (increment <= 0 || increment < limit * worth) return;
    this.#open += increment;
    this.#output.numberFrame(FrameType.WINDOW_UPDATE, 0, increment);
  }
}
