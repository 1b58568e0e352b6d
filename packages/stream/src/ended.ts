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

type Listener = (reason: RpcError) => void;

/** An {@link Ended} and the way to end it. */
export class Ending implements Ended {
  #reason: RpcError | undefined;
  /** Nearly every call has one listener or none: more of them get a map. What takes a listener back stands for its place. */
  #first: Listener | undefined;
  #removeFirst: (() => void) | undefined;
  #more: Map<() => void, Listener> | undefined;

  get reason(): RpcError | undefined {
    return this.#reason;
  }

  /** How many listeners wait: for tests that nothing is left behind. */
  get listenerCount(): number {
    return (this.#first ? 1 : 0) + (this.#more?.size ?? 0);
  }

  onEnd(listener: Listener): () => void {
    if (this.#reason) {
      listener(this.#reason);
      return nothing;
    }
    // The same function may be added twice by two callers; each must get its own place.
    const remove = (): void => this.#remove(remove);
    if (!this.#first && !this.#more) {
      this.#first = listener;
      this.#removeFirst = remove;
    } else {
      this.#more ??= new Map();
      this.#more.set(remove, listener);
    }
    return remove;
  }

  /** Ends the call. Only the first reason counts; returns whether this was the first. */
  end(reason: RpcError): boolean {
    if (this.#reason) return false;
    this.#reason = reason;
    // They stay in their places meanwhile: one listener may take another back.
    if (this.#first) tell(this.#first, reason);
    if (this.#more) for (const listener of this.#more.values()) tell(listener, reason);
    this.#first = undefined;
    this.#removeFirst = undefined;
    this.#more = undefined;
    return true;
  }

  #remove(remove: () => void): void {
    if (this.#removeFirst !== remove) {
      this.#more?.delete(remove);
      return;
    }
    this.#first = undefined;
    this.#removeFirst = undefined;
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
