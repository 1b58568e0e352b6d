import { Context } from "./context.ts";

/** The form for platforms without `AsyncLocalStorage`: there is no ambient context, pass it explicitly. */
export function runWithContext<T>(_context: Context, fn: () => T): T {
  return fn();
}

/** Always `Context.background`. */
export function currentContext(): Context {
  return Context.background;
}
