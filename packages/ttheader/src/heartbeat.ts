import { RpcError } from "@slipstream/stream";
import { clearTimer, setTimer, type Timer } from "./platform.ts";

export interface HeartbeatHost {
  /** Asks the peer to send `token` back. */
  ask(token: string): void;
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
    if (this.#timer !== undefined) clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    this.#isHeard = false;
    this.#timer = setTimer(() => this.#check(), this.#intervalMs);
  }

  #check(): void {
    this.#timer = undefined;
    if (!this.#isHeard && this.#hasAsked) {
      this.#host.onSilent(
        new RpcError(
          "unavailable",
          `the peer sent nothing for ${2 * this.#intervalMs} ms, heartbeat included`,
        ),
      );
      return;
    }
    this.#hasAsked = !this.#isHeard;
    if (this.#hasAsked) this.#host.ask(String(++this.#count));
    this.#wait();
  }
}
