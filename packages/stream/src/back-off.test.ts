import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BackOff } from "./back-off.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The delays after so many failures in a row. */
function delays(count: number): number[] {
  const backOff = new BackOff(100, 1_000);
  return Array.from({ length: count }, () => {
    backOff.onFailure();
    const { remainingMs } = backOff;
    vi.advanceTimersByTime(remainingMs);
    return remainingMs;
  });
}

describe("the time until an address is tried again", () => {
  it("doubles with every failure, up to the limit, give or take a fifth", () => {
    const expected = [100, 200, 400, 800, 1_000, 1_000];
    for (let i = 0; i < 50; i++) {
      for (const [n, delayMs] of delays(6).entries()) {
        expect(delayMs).toBeGreaterThanOrEqual((expected[n] as number) * 0.8);
        expect(delayMs).toBeLessThanOrEqual(Math.ceil((expected[n] as number) * 1.2));
      }
    }
  });

  it("is never the same for all clients", () => {
    expect(new Set(Array.from({ length: 50 }, () => delays(5)[4])).size).toBeGreaterThan(10);
  });

  it("passes, and is short again after a success", () => {
    const backOff = new BackOff(100, 1_000);
    expect(backOff.remainingMs).toBe(0);
    for (let i = 0; i < 5; i++) backOff.onFailure();
    expect(backOff.remainingMs).toBeGreaterThan(500);
    backOff.onSuccess();
    expect(backOff.remainingMs).toBe(0);
    backOff.onFailure();
    expect(backOff.remainingMs).toBeLessThanOrEqual(120);
    vi.advanceTimersByTime(120);
    expect(backOff.remainingMs).toBe(0);
  });
});
