/** The longest delay a timer takes: 24.8 days. */
const maxTimerMs = 2 ** 31 - 1;

const nothing = (): void => {};

/** Calls `fn` after `timeoutMs`, unless the function it returns is called before. A delay longer than timers take never passes. */
export function after(timeoutMs: number, fn: () => void): () => void {
  if (timeoutMs > maxTimerMs) return nothing;
  const timer = setTimeout(fn, timeoutMs);
  return () => clearTimeout(timer);
}
