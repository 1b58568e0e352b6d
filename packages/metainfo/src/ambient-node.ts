import { AsyncLocalStorage } from "node:async_hooks";
import { Context } from "./context.ts";

const storage = new AsyncLocalStorage<Context>();

/**
 * Runs `fn` with `context` as the current one, for `fn` and all that it starts, across `await`. A generator that is made inside and
 * pulled outside does not see it: run each pull inside instead. On platforms without `AsyncLocalStorage` (browsers) this only calls `fn`.
 *
 * @returns what `fn` returns.
 */
export function runWithContext<T>(context: Context, fn: () => T): T {
  // Nothing to change; and the first use of the storage makes every promise of the process dearer, which a program that
  // only calls others must not pay for.
  if (context === currentContext()) return fn();
  return storage.run(context, fn);
}

/** The context of the nearest `runWithContext` around the running code; `Context.background` outside of any, and always in browsers. */
export function currentContext(): Context {
  return storage.getStore() ?? Context.background;
}
