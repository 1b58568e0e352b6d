import type { Ended as EndedFor } from "@slipstream/metainfo";
import type { RpcError } from "./errors.ts";

/**
 * Tells that a call is over before its time: cancelled, past its deadline, or its connection lost. It stands where an
 * `AbortSignal` could, because a signal costs a kilobyte a call and nearly no call is ever stopped. Whoever adds a
 * listener to something that outlives a call must take it back, with the function that `onEnd` returns.
 */
export type Ended = EndedFor<RpcError>;

const nothing = (): void => {};

/** A call that nothing can stop: no deadline, no signal, nobody to cancel it. */
export const neverEnded: Ended = { reason: undefined, onEnd: () => nothing };

/** An {@link Ended} and the way to end it. */
export class Ending implements Ended {
  #reason: RpcError | undefined;
  #listeners: Set<(reason: RpcError) => void> | undefined;

  get reason(): RpcError | undefined {
    return this.#reason;
  }

  /** How many listeners wait: for tests that nothing is left behind. */
  get listenerCount(): number {
    return this.#listeners?.size ?? 0;
  }

  onEnd(listener: (reason: RpcError) => void): () => void {
    if (this.#reason) {
      listener(this.#reason);
      return nothing;
    }
    const listeners = (this.#listeners ??= new Set());
    // The same function may be added twice by two callers; each must get its own place.
    const entry = (reason: RpcError): void => listener(reason);
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /** Ends the call. Only the first reason counts; returns whether this was the first. */
  end(reason: RpcError): boolean {
    if (this.#reason) return false;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners) for (const listener of listeners) tell(listener, reason);
    return true;
  }
}

/** One listener that fails must not keep the others from being told. */
function tell(listener: (reason: RpcError) => void, reason: RpcError): void {
  try {
    listener(reason);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
