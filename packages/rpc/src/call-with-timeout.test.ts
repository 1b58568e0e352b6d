import { Context, withCancel } from "@slipstream/metainfo";
import { RpcError } from "@slipstream/stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failure } from "../test/failures.ts";
import { callWithTimeout } from "./index.ts";

describe("callWithTimeout", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const never = (): Promise<never> => new Promise(() => {});

  it("gives what the step gives, and leaves no timer [B36]", async () => {
    expect(
      await callWithTimeout(
        100,
        () => {},
        async () => "done",
      ),
    ).toBe("done");
    await expect(
      callWithTimeout(
        100,
        () => {},
        () => Promise.reject(new Error("own")),
      ),
    ).rejects.toThrow("own");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("cancels and rejects when the step takes too long [B36]", async () => {
    const { context, cancel } = withCancel(Context.background);
    const late = failure(callWithTimeout(100, cancel, never));
    vi.advanceTimersByTime(99);
    expect(context.reason).toBeUndefined();
    vi.advanceTimersByTime(1);
    const error = await late;
    expect([error.code, context.reason]).toEqual(["deadline_exceeded", error]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects with its own error, also when cancelling makes the step fail", async () => {
    let fail!: (error: Error) => void;
    const step = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const late = failure(
      callWithTimeout(
        100,
        () => fail(new Error("cancelled")),
        () => step,
      ),
    );
    vi.advanceTimersByTime(100);
    expect((await late).code).toBe("deadline_exceeded");
  });

  it("leaves no timer when the step throws instead of rejecting", async () => {
    const broken = callWithTimeout(
      100,
      () => {
        throw new Error("must not be called");
      },
      () => {
        throw new RpcError("aborted", "at once");
      },
    );
    expect((await failure(broken)).message).toBe("at once");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for ever when the timeout is longer than timers take", async () => {
    const calls: unknown[] = [];
    void callWithTimeout(Number.POSITIVE_INFINITY, (error) => calls.push(error), never);
    void callWithTimeout(2 ** 31, (error) => calls.push(error), never);
    vi.advanceTimersByTime(2 ** 31);
    expect(calls).toEqual([]);
  });

  it("refuses a timeout that is not above 0", async () => {
    for (const timeoutMs of [0, -1, Number.NaN]) {
      expect((await failure(callWithTimeout(timeoutMs, () => {}, never))).code).toBe("invalid_argument");
    }
  });
});
