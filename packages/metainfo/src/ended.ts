/**
 * Something that ends once, with a reason, and tells those who asked. It is what an `AbortSignal` says at a
 * fraction of the cost: nothing is allocated until somebody listens.
 */
export interface Ended<Reason = unknown> {
  /** Why it ended; `undefined` while it has not. */
  readonly reason: Reason | undefined;
  /**
   * Calls `listener` once, when this ends: synchronously, in the order of registration. One that has ended
   * already calls it at once, before `onEnd` returns. An error thrown by a listener is reported as uncaught and
   * does not keep the others from being called.
   *
   * @returns a function that takes the listener back; it may be called at any time, any number of times.
   */
  onEnd(listener: (reason: Reason) => void): () => void;
}
