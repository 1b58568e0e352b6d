const unitMs: Readonly<Record<string, number>> = {
  n: 1e-6,
  u: 1e-3,
  m: 1,
  S: 1_000,
  M: 60_000,
  H: 3_600_000,
};

/** The longest delay a timer takes; a longer deadline is as good as this one. */
const maxTimeoutMs = 2 ** 31 - 1;

/** Whole milliseconds as the value of `grpc-timeout`: at most eight digits, in the finest unit that holds them. */
export function encodeTimeout(timeoutMs: number): string {
  if (timeoutMs <= 99_999) return `${timeoutMs * 1_000}u`;
  if (timeoutMs <= 99_999_999) return `${timeoutMs}m`;
  return `${Math.ceil(timeoutMs / 1_000)}S`;
}

/**
 * Reads `grpc-timeout` as whole milliseconds, rounded up: 0 is a deadline that has passed. `undefined` when it is
 * malformed (a digit to eight, then one of `n u m S M H`).
 */
export function decodeTimeout(text: string): number | undefined {
  const match = /^(\d{1,8})([numSMH])$/.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]) * (unitMs[match[2] as string] as number);
  // 1e-6 steps are inexact; a nanosecond too few must not add a millisecond.
  return Math.max(0, Math.min(Math.ceil(ms - 1e-9), maxTimeoutMs));
}
