import { Context } from "./context.ts";
import { Lifetime } from "./lifetime.ts";
import { describe } from "./string-map.ts";

/** A context and the means to end it. */
export interface Cancellable {
  readonly context: Context;
  /**
   * Ends the context and everything derived from it, once; later calls do nothing. May be passed on by itself.
   *
   * @param cause - becomes the context's `reason`; without one it is a `ContextError` with code `cancelled`
   */
  readonly cancel: (cause?: unknown) => void;
  /** As `cancel`, for who has no need to pass it on: a server does it for each of its calls. */
  end(cause?: unknown): void;
}

/** One object for both, since a server makes one for each of its calls. */
class CancellableLifetime extends Lifetime implements Cancellable {
  readonly context: Context;
  #bound: ((cause?: unknown) => void) | undefined = undefined;

  constructor(parent: Context, deadlineMs: number) {
    super(parent.lifetime, deadlineMs);
    this.context = new Context(parent.values, this);
  }

  get cancel(): (cause?: unknown) => void {
    // No arrow function: V8 makes one that is assigned to a property in the old generation, where it would hold a call that is over.
    this.#bound ??= this.end.bind(this);
    return this.#bound;
  }
}

/**
 * A child of `context` that can be ended by itself, and with `timeoutMs` ends after that time as in `withTimeout`. Call `cancel`
 * when the work is done, to end what still listens to it.
 *
 * @throws RangeError when `timeoutMs` is not a number.
 */
export function withCancel(context: Context, timeoutMs: number = Number.POSITIVE_INFINITY): Cancellable {
  return new CancellableLifetime(context, deadlineAfter(timeoutMs));
}

/**
 * A child of `context` that ends after `timeoutMs`, or earlier with its parent. A timeout narrows, never widens: when the parent's
 * deadline is earlier, `context` itself is returned. Zero and negative: ended at once. Infinity: no timeout.
 *
 * A pending deadline does not keep a Node process alive.
 *
 * @throws RangeError when `timeoutMs` is not a number.
 */
export function withTimeout(context: Context, timeoutMs: number): Context {
  const deadlineMs = deadlineAfter(timeoutMs);
  const inheritedMs = context.lifetime?.deadlineMs ?? Number.POSITIVE_INFINITY;
  if (deadlineMs >= inheritedMs) return context;
  return new Context(context.values, new Lifetime(context.lifetime, deadlineMs));
}

/** On the monotonic clock. */
function deadlineAfter(timeoutMs: number): number {
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) {
    throw new RangeError(`timeoutMs must be a number of milliseconds, got ${String(timeoutMs)}`);
  }
  return timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : performance.now() + timeoutMs;
}

/**
 * As `withTimeout`, with the time given as a `Date` or as milliseconds since the epoch. It is turned into time left at once, so
 * setting the system's clock later does not move it.
 *
 * @throws RangeError when `deadline` is not a valid time.
 */
export function withDeadline(context: Context, deadline: Date | number): Context {
  const epochMs = Number(deadline);
  if (Number.isNaN(epochMs)) {
    throw new RangeError(
      `deadline must be a valid Date or milliseconds since the epoch, got ${String(deadline)}`,
    );
  }
  return withTimeout(context, epochMs - Date.now());
}

/**
 * A child of `context` that also ends when `signal` aborts, with the signal's reason.
 *
 * @throws TypeError when `signal` is not an `AbortSignal`.
 */
export function withSignal(context: Context, signal: AbortSignal): Context {
  if (typeof signal?.addEventListener !== "function") {
    throw new TypeError(`withSignal takes an AbortSignal, got ${describe(signal)}`);
  }
  const lifetime = new Lifetime(context.lifetime, Number.POSITIVE_INFINITY, signal);
  return new Context(context.values, lifetime);
}
