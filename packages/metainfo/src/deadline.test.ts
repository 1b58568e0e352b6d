import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ends } from "../test/ends.ts";
import { Context, ContextError, withCancel, withDeadline, withTimeout } from "./index.ts";

const { background } = Context;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function code(context: Context): string | undefined {
  return context.reason instanceof ContextError ? context.reason.code : undefined;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a deadline", () => {
  it("ends the context when it has passed, and tells those who listen", () => {
    const context = withTimeout(background, 1000);
    const told = ends(context);
    vi.advanceTimersByTime(999);
    expect(context.reason).toBeUndefined();
    expect(context.remainingMs()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(context.reason).toMatchObject({
      name: "ContextError",
      code: "deadline_exceeded",
      message: "context deadline exceeded",
    });
    expect(told).toEqual([context.reason]);
    expect(context.remainingMs()).toBe(0);
  });

  it("is known without listeners, and before the timer could run", () => {
    const context = withTimeout(background, 1000);
    expect(vi.getTimerCount()).toBe(0);
    const listened = withTimeout(background, 1000);
    const told = ends(listened);
    const blockedUntil = performance.now() + 1500;
    vi.spyOn(performance, "now").mockImplementation(() => blockedUntil);
    expect(code(context)).toBe("deadline_exceeded");
    expect(code(listened)).toBe("deadline_exceeded");
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([listened.reason]);
    vi.restoreAllMocks();
  });

  it("that has passed already ends the context at once", () => {
    for (const context of [
      withTimeout(background, 0),
      withTimeout(background, -5),
      withDeadline(background, 0),
    ]) {
      expect(code(context)).toBe("deadline_exceeded");
      expect(context.remainingMs()).toBe(0);
      expect(ends(context)).toEqual([context.reason]);
      expect(context.signal.reason).toBe(context.reason);
    }
  });

  it("narrows, never widens: a later one than the parent's changes nothing", () => {
    const parent = withTimeout(background, 1000);
    expect(withTimeout(parent, 2000)).toBe(parent);
    expect(withTimeout(parent, Number.POSITIVE_INFINITY)).toBe(parent);
    expect(withTimeout(background, Number.POSITIVE_INFINITY)).toBe(background);
    const child = withTimeout(parent, 500);
    expect(child.remainingMs()).toBe(500);
    expect(parent.remainingMs()).toBe(1000);
  });

  it("of the parent ends a child that has none of its own, with the same reason", () => {
    const parent = withTimeout(background, 1000);
    const child = withCancel(parent).context;
    const told = ends(child);
    expect(child.remainingMs()).toBe(1000);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([parent.reason]);
  });

  it("that passed before the parent was cancelled is the reason, whether or not somebody looked", () => {
    for (const isWatched of [true, false]) {
      const parent = withCancel(background);
      const child = withTimeout(parent.context, 100);
      if (isWatched) ends(child);
      vi.advanceTimersByTime(150);
      parent.cancel("late");
      expect(code(child)).toBe("deadline_exceeded");
    }
  });

  it("that would have passed after the cancel is not the reason", () => {
    const { context, cancel } = withCancel(background);
    const child = withTimeout(context, 100);
    vi.advanceTimersByTime(50);
    cancel("early");
    vi.advanceTimersByTime(100);
    expect(child.reason).toBe("early");
  });

  it("is given as a Date or as milliseconds since the epoch, and read as the latter", () => {
    const now = Date.now();
    for (const context of [
      withDeadline(background, new Date(now + 1000)),
      withDeadline(background, now + 1000),
    ]) {
      expect(context.remainingMs()).toBe(1000);
      expect(context.deadline).toBe(now + 1000);
    }
  });

  it("does not move when the system's clock is set", () => {
    const context = withTimeout(background, 1000);
    const told = ends(context);
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(context.remainingMs()).toBe(1000);
    vi.advanceTimersByTime(1000);
    expect(told).toHaveLength(1);
  });

  it("may be further off than any timer reaches", () => {
    const context = withTimeout(background, LONGEST_TIMER_MS * 2 + 1000);
    const told = ends(context);
    vi.advanceTimersByTime(LONGEST_TIMER_MS * 2);
    expect(told).toEqual([]);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(told).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("must be a number", () => {
    expect(() => withTimeout(background, Number.NaN)).toThrow(
      /timeoutMs must be a number of milliseconds, got NaN/,
    );
    expect(() => withTimeout(background, "5" as never)).toThrow(RangeError);
    expect(() => withDeadline(background, new Date("never"))).toThrow(/valid Date .* got Invalid Date/);
  });
});
