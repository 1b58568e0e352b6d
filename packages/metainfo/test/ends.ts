import type { Context } from "../src/index.ts";

/** The reasons that a context's end was told with, as they come. */
export function ends(context: Context): unknown[] {
  const reasons: unknown[] = [];
  context.onEnd((reason) => reasons.push(reason));
  return reasons;
}
