import { ErrorCode } from "./error.ts";
import { MAX_31_BITS } from "./frame.ts";
import { later } from "./platform.ts";
import type { ShutdownOptions } from "./types.ts";

/** How long the peer has to answer the PING between the two GOAWAY frames. */
const PING_MS = 10_000;

interface ShutdownOwner {
  /** The highest id that the peer has opened. */
  readonly lastPeerId: number;
  sayGoaway(lastStreamId: number, code: number, debug: string): void;
  ping(done: (rttMs: number | undefined) => void): void;
  resetAll(code: number): void;
  /** No stream is accepted any more; those that are open go on. */
  onLastGoaway(): void;
}

/** The end of a connection in order (RFC 9113, 6.8). */
export class Shutdown {
  hasBegun = false;
  /** The last GOAWAY was sent. */
  isFinal = false;
  /** Streams of the peer above it are not looked at. */
  maxPeerId: number = MAX_31_BITS;

  readonly #owner: ShutdownOwner;
  readonly #timers: (() => void)[] = [];

  constructor(owner: ShutdownOwner) {
    this.#owner = owner;
  }

  begin(isServer: boolean, { debug = "", graceMs, resetCode = ErrorCode.CANCEL }: ShutdownOptions): void {
    this.hasBegun = true;
    if (graceMs !== undefined) this.#timers.push(later(() => this.#owner.resetAll(resetCode), graceMs));
    if (!isServer) {
      this.#finish(debug);
      return;
    }
    // The highest id first: requests that were on their way are still taken until the PING comes back.
    this.#owner.sayGoaway(MAX_31_BITS, ErrorCode.NO_ERROR, debug);
    this.#timers.push(later(() => this.#finish(debug), PING_MS));
    this.#owner.ping((rttMs) => {
      if (rttMs !== undefined) this.#finish(debug);
    });
  }

  #finish(debug: string): void {
    if (this.isFinal) return;
    this.isFinal = true;
    this.maxPeerId = this.#owner.lastPeerId;
    this.#owner.sayGoaway(this.maxPeerId, ErrorCode.NO_ERROR, debug);
    this.#owner.onLastGoaway();
  }

  /** The connection is over. */
  stop(): void {
    this.isFinal = true;
    for (const stop of this.#timers) stop();
  }
}
