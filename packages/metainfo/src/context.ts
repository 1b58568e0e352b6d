import type { ContextKey } from "./context-key.ts";
import type { Ended } from "./ended.ts";
import type { Lifetime } from "./lifetime.ts";

/** Keys and values in turn. A context holds a handful, so copying and searching an array beats a map. */
type Values = readonly unknown[];

function nothing(): void {}

/**
 * What travels with a call inside a process: values, a deadline, and the end. Immutable: every change makes a
 * new context, seen only by those who hold it or derive from it.
 *
 * It satisfies OpenTelemetry's `Context`, so `trace.setSpan(context, span)` returns one of these with everything kept.
 * Its own values are of any type, under symbols; metainfo, the strings that travel to other services, is read
 * and written by the free functions of this package.
 */
export class Context implements Ended {
  /** The root: no values, no deadline, never ends. */
  static readonly background: Context = new Context();

  /** @internal */
  readonly values: Values;
  /** @internal `undefined`: never ends */
  readonly lifetime: Lifetime | undefined;

  /** @internal */
  constructor(values: Values = [], lifetime?: Lifetime) {
    this.values = values;
    this.lifetime = lifetime;
  }

  /** The value under `key`, or `undefined`. */
  getValue<T>(key: ContextKey<T>): T | undefined;
  getValue(key: symbol): unknown;
  getValue(key: symbol): unknown {
    const at = indexOf(this.values, key);
    return at === -1 ? undefined : this.values[at + 1];
  }

  /**
   * A context that has `value` under `key`.
   *
   * @throws TypeError when `key` is not a symbol (metainfo is set by `withValue` and `withPersistentValue`).
   */
  setValue<T>(key: ContextKey<T>, value: T): Context;
  setValue(key: symbol, value: unknown): Context;
  setValue(key: symbol, value: unknown): Context {
    if (typeof key !== "symbol") {
      throw new TypeError(
        `context.setValue takes a symbol as key, got ${typeof key}; strings are set by withValue(context, key, value)`,
      );
    }
    const old = this.values;
    const found = indexOf(old, key);
    const at = found === -1 ? old.length : found;
    // Of the right size from the start: growing makes room for a dozen more, in every call's context.
    const values = new Array<unknown>(found === -1 ? old.length + 2 : old.length);
    for (let i = 0; i < old.length; i++) values[i] = old[i];
    values[at] = key;
    values[at + 1] = value;
    return new Context(values, this.lifetime);
  }

  /** A context without `key`; this one when it has no such key. */
  deleteValue(key: symbol): Context {
    const index = indexOf(this.values, key);
    if (index === -1) return this;
    return new Context(this.values.toSpliced(index, 2), this.lifetime);
  }

  /** The time left until the deadline, in milliseconds, never below 0; `undefined` without a deadline. */
  remainingMs(): number | undefined {
    const deadlineMs = this.lifetime?.deadlineMs ?? Number.POSITIVE_INFINITY;
    if (deadlineMs === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(deadlineMs - performance.now(), 0);
  }

  /**
   * The deadline as milliseconds since the epoch, give or take one, for people and logs; `undefined` without one. What is waited
   * for is measured on the monotonic clock, so this moves when the system's clock is set: compute with `remainingMs()`.
   */
  get deadline(): number | undefined {
    const deadlineMs = this.lifetime?.deadlineMs ?? Number.POSITIVE_INFINITY;
    if (deadlineMs === Number.POSITIVE_INFINITY) return undefined;
    return Math.round(Date.now() + deadlineMs - performance.now());
  }

  /**
   * Why this context ended; `undefined` while it has not. The cause given to `cancel`, the reason of the
   * `AbortSignal`, or a `ContextError`: `deadline_exceeded`, or `cancelled` when no cause was given.
   */
  get reason(): unknown {
    return this.lifetime?.check()?.reason;
  }

  /** Whether anything can end it: a deadline, a signal or a `cancel`, its own or of a context that it derives from. */
  get canEnd(): boolean {
    return this.lifetime !== undefined;
  }

  onEnd(listener: (reason: unknown) => void): () => void {
    return this.lifetime === undefined ? nothing : this.lifetime.onEnd(listener);
  }

  /**
   * An `AbortSignal` that aborts when this context ends, with the same reason. Made when first asked for: prefer
   * `onEnd` where an `AbortSignal` is not needed. It counts as a listener until the context ends.
   */
  get signal(): AbortSignal {
    // A fresh one each time: listeners left on a shared signal that never aborts would pile up for ever.
    return this.lifetime === undefined ? new AbortController().signal : this.lifetime.signal;
  }

  /** The same values without the deadline and the end: for work that outlives the call it came from. */
  detached(): Context {
    return this.lifetime === undefined ? this : new Context(this.values);
  }
}

function indexOf(values: Values, key: symbol): number {
  for (let i = 0; i < values.length; i += 2) if (values[i] === key) return i;
  return -1;
}
