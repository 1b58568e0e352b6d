import { Context } from "./context.ts";

/** The form for platforms without `AsyncLocalStorage`: there is no ambient context, pass it explicitly. */
export function runWithContext<T, A extends readonly unknown[]>(
  _context: Context,
  fn: (...args: A) => T,
  ...args: A
): T {
  return fn(...args);
}

/** Always `Context.background`. */
export function currentContext(): Context {
  return Context.background;
}
