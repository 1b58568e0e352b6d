import type { RpcError } from "@slipstream/stream";
import { after } from "../timer.ts";

/** A call in flight, as far as the server as a whole is concerned with it. */
export interface ActiveCall {
  /** Its place among the others; kept by {@link ActiveCalls}. */
  slot: number;
  /** Ends it now, for its handler and its peer. */
  abort(reason: RpcError): void;
}

/**
 * All calls in flight. An array, each call knowing its place: a Set or Map under this churn makes every young object
 * survive collections.
 */
export class ActiveCalls {
  readonly #calls: ActiveCall[] = [];
  #idle: (() => void)[] = [];

  get size(): number {
    return this.#calls.length;
  }

  add(call: ActiveCall): void {
    call.slot = this.#calls.length;
    this.#calls.push(call);
  }

  remove(call: ActiveCall): void {
    const last = this.#calls.pop();
    if (last && last !== call) {
      this.#calls[call.slot] = last;
      last.slot = call.slot;
    }
    if (this.#calls.length > 0) return;
    const waiting = this.#idle;
    if (waiting.length === 0) return;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no call is in flight, or after `limitMs`; says whether none is. */
  async idle(limitMs: number): Promise<boolean> {
    if (this.size === 0) return true;
    await new Promise<void>((resolve) => {
      const stopTimer = after(limitMs, resolve);
      this.#idle.push(() => {
        stopTimer();
        resolve();
      });
    });
    return this.size === 0;
  }

  /** Ends each with an error of its own. */
  abortAll(reason: () => RpcError): void {
    for (const call of [...this.#calls]) call.abort(reason());
  }
}
