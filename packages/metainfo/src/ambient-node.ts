import { AsyncLocalStorage } from "node:async_hooks";
import { Context } from "./context.ts";

const storage = new AsyncLocalStorage<Context>();

/**
 * Runs `fn(...args)` with `context` as the current one, for `fn` and all that it starts, across `await`. A generator that is made inside and
 * pulled outside does not see it: run each pull inside instead. On platforms without `AsyncLocalStorage` (browsers) this only calls `fn`.
 *
 * @returns what `fn` returns.
 */
export function runWithContext<T, A extends readonly unknown[]>(
  context: Context,
  fn: (...args: A) => T,
  ...args: A
): T {
  // Nothing to change; and the first use of the storage makes every promise of the process dearer, which a program that
  // only calls others must not pay for.
  if (context === Context.background && currentContext() === context) return fn(...args);
  return storage.run(context, fn, ...args);
}

/** The context of the nearest `runWithContext` around the running code; `Context.background` outside of any, and always in browsers. */
export function currentContext(): Context {
  return storage.getStore() ?? Context.background;
}
