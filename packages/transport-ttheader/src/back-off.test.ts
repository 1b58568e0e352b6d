import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BackOff } from "./back-off.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("BackOff", () => {
  it("waits longer after every failure, up to its limit, and never quite as long", () => {
    const backOff = new BackOff(100, 1000);
    for (const expected of [100, 200, 400, 800, 1000, 1000]) {
      backOff.onFailure();
      expect(backOff.remainingMs).toBeGreaterThanOrEqual(expected * 0.8);
      expect(backOff.remainingMs).toBeLessThanOrEqual(expected * 1.2 + 1);
    }
  });

  it("is over when the time has passed, or when it worked", () => {
    const backOff = new BackOff(100, 1000);
    backOff.onFailure();
    vi.advanceTimersByTime(121);
    expect(backOff.remainingMs).toBe(0);
    backOff.onFailure();
    backOff.onSuccess();
    expect(backOff.remainingMs).toBe(0);
    backOff.onFailure();
    expect(backOff.remainingMs).toBeLessThanOrEqual(121);
  });
});
