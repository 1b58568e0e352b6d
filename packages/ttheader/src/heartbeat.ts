import { RpcError } from "@slipstream/stream";
import type { Outgoing } from "./link.ts";
import { clearTimer, setTimer, type Timer } from "./platform.ts";

export interface HeartbeatHost {
  /** Asks the peer to send `token` back. */
  ask(token: string): void;
  /** As the link says it. */
  readonly outgoing: Outgoing | undefined;
  onSilent(error: RpcError): void;
}

/** Finds a peer that has silently gone, by asking it when it has said nothing for a time. */
export class Heartbeat {
  readonly #intervalMs: number;
  readonly #host: HeartbeatHost;
  #timer: Timer | undefined;
  #count = 0;
  #isHeard = false;
  #hasAsked = false;
  #outgoing: Outgoing | undefined;
  #dueMs = 0;

  /** `intervalMs` 0: never asks. */
  constructor(intervalMs: number, host: HeartbeatHost) {
    this.#intervalMs = intervalMs;
    this.#host = host;
  }

  /** The peer is one that answers. */
  start(): void {
    if (this.#intervalMs > 0 && this.#timer === undefined) this.#wait();
  }

  onBytes(): void {
    this.#isHeard = true;
  }

  stop(): void {
    clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    this.#isHeard = false;
    this.#outgoing = this.#host.outgoing;
    this.#dueMs = Date.now() + this.#intervalMs;
    this.#timer = setTimer(() => this.#check(), this.#intervalMs);
  }

  #check(): void {
    this.#timer = undefined;
    const isAlive = this.#isHeard || this.#isTaken();
    // The program was busy, or the machine asleep: what came meanwhile is still to be read.
    const isLate = Date.now() - this.#dueMs > this.#intervalMs / 2;
    if (!isAlive && this.#hasAsked && !isLate) {
      this.#host.onSilent(
        new RpcError(
          "unavailable",
          `the peer sent nothing for ${2 * this.#intervalMs} ms, heartbeat included`,
        ),
      );
      return;
    }
    this.#hasAsked = !isAlive;
    if (this.#hasAsked) this.#host.ask(String(++this.#count));
    this.#wait();
  }

  /** The question waited behind what is still being taken, a large message perhaps: an answer could not come yet. */
  #isTaken(): boolean {
    const before = this.#outgoing;
    return (
      before !== undefined && before.unsentBytes > 0 && this.#host.outgoing?.sentBytes !== before.sentBytes
    );
  }
}
