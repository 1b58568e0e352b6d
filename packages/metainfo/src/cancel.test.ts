import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ends } from "../test/ends.ts";
import {
  type Cancellable,
  Context,
  ContextError,
  getValue,
  withCancel,
  withSignal,
  withTimeout,
  withValue,
} from "./index.ts";

const { background } = Context;

function bindEnd(cancellable: Cancellable): { context: Context; end: (cause?: unknown) => void } {
  return { context: cancellable.context, end: (cause) => cancellable.end(cause) };
}

function code(context: Context): string | undefined {
  return context.reason instanceof ContextError ? context.reason.code : undefined;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("cancelling", () => {
  it("comes by itself after the time that was given, which narrows as any timeout does", () => {
    const { context } = withCancel(background, 100);
    const short = withCancel(context, 10).context;
    const long = withCancel(context, 1000).context;
    const told = [ends(context), ends(short), ends(long)];
    vi.advanceTimersByTime(10);
    expect(told.map(({ length }) => length)).toEqual([0, 1, 0]);
    vi.advanceTimersByTime(90);
    expect(told.map(({ length }) => length)).toEqual([1, 1, 1]);
    expect([context, short, long].map(code)).toEqual(Array(3).fill("deadline_exceeded"));
  });

  it("by hand comes before the time that was given, and leaves no timer", () => {
    const { context, end } = bindEnd(withCancel(background, 100));
    const told = ends(context);
    end("done");
    expect(told).toEqual(["done"]);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(200);
    expect(context.reason).toBe("done");
  });

  it("takes no time that is no number", () => {
    expect(() => withCancel(background, Number.NaN)).toThrow(RangeError);
  });

  it("does not hide that a child's deadline had passed before, though nobody had looked", () => {
    const parent = withCancel(background);
    const early = withTimeout(parent.context, 10);
    const late = withTimeout(parent.context, 100);
    vi.advanceTimersByTime(50);
    parent.end("done");
    expect([code(early), late.reason]).toEqual(["deadline_exceeded", "done"]);
  });

  it("counts for children that are made afterwards", () => {
    const parent = withCancel(background);
    parent.end("done");
    expect(
      [withTimeout(parent.context, 10), withTimeout(parent.context, 0)].map(({ reason }) => reason),
    ).toEqual(["done", "done"]);
  });

  it("is the same by `cancel`, which may be passed on, and by `end`", () => {
    const one = withCancel(background);
    const other = withCancel(background);
    const reasons = [ends(one.context), ends(other.context)];
    one.end("enough");
    one.cancel("too late");
    other.cancel("enough");
    expect(reasons).toEqual([["enough"], ["enough"]]);
  });

  it("is possible for a context that says so, and for those that derive from it", () => {
    expect([background.canEnd, withValue(background, "k", "v").canEnd]).toEqual([false, false]);
    const ending = [
      withCancel(background).context,
      withTimeout(background, 1000),
      withSignal(background, new AbortController().signal),
    ];
    for (const context of ending) expect(withValue(context, "k", "v").canEnd).toBe(true);
    expect(ending.map((context) => context.detached().canEnd)).toEqual([false, false, false]);
  });

  it("ends the context with the cause, once, and tells those who listen", () => {
    const { context, cancel } = withCancel(background);
    const told = ends(context);
    expect(context.reason).toBeUndefined();
    const cause = new Error("enough");
    cancel(cause);
    cancel(new Error("again"));
    expect(context.reason).toBe(cause);
    expect(told).toEqual([cause]);
  });

  it("without a cause has a reason that says so, the same for everybody", () => {
    const { context, cancel } = withCancel(background);
    const told = ends(context);
    const { signal } = context;
    cancel();
    expect(context.reason).toBeInstanceOf(ContextError);
    expect(context.reason).toMatchObject({
      code: "cancelled",
      message: "context canceled",
      name: "ContextError",
    });
    expect(told[0]).toBe(context.reason);
    expect(signal.reason).toBe(context.reason);
  });

  it("takes any cause but undefined as it is", () => {
    const { context, cancel } = withCancel(background);
    const told = ends(context);
    cancel(null);
    expect(context.reason).toBeNull();
    expect(told).toEqual([null]);
  });

  it("ends all that was derived, with the same reason, and nothing above or beside", () => {
    const parent = withCancel(background);
    const one = withCancel(parent.context);
    const other = withCancel(parent.context);
    const grandchild = withTimeout(withValue(one.context, "k", "v"), 1000);
    const told = [parent.context, one.context, other.context, grandchild].map(ends);
    one.cancel("stop");
    expect(told).toEqual([[], ["stop"], [], ["stop"]]);
    expect(grandchild.reason).toBe("stop");
    expect(getValue(grandchild, "k")).toBe("v");
    expect(other.context.reason).toBeUndefined();
    parent.cancel("all");
    expect(told).toEqual([["all"], ["stop"], ["all"], ["stop"]]);
  });

  it("of a child after its parent does not change the reason", () => {
    const parent = withCancel(background);
    const child = withCancel(parent.context);
    parent.cancel("parent");
    child.cancel("child");
    expect(child.context.reason).toBe("parent");
  });

  it("before the parent keeps its own reason", () => {
    const parent = withCancel(background);
    const child = withCancel(parent.context);
    child.cancel("child");
    parent.cancel("parent");
    expect(child.context.reason).toBe("child");
  });

  it("is seen by a context derived from one that has ended", () => {
    const parent = withCancel(background);
    parent.cancel("stop");
    const child = withCancel(parent.context).context;
    expect(child.reason).toBe("stop");
    expect(ends(child)).toEqual(["stop"]);
    expect(child.signal.reason).toBe("stop");
    expect(withTimeout(parent.context, 1000).reason).toBe("stop");
  });
});

describe("listeners", () => {
  it("are called in the order of registration", () => {
    const { context, cancel } = withCancel(background);
    const order: string[] = [];
    context.onEnd(() => order.push("first"));
    withCancel(context).context.onEnd(() => order.push("child"));
    context.onEnd(() => order.push("last"));
    cancel();
    expect(order).toEqual(["first", "child", "last"]);
  });

  it("that were taken back are not called, even by one that was called before", () => {
    const { context, cancel } = withCancel(background);
    const order: string[] = [];
    const offs = ["a", "b", "c", "d"].map((name) => context.onEnd(() => order.push(name)));
    offs[0]?.();
    offs[0]?.();
    offs[2]?.();
    context.onEnd(() => offLast());
    const offLast = context.onEnd(() => order.push("never"));
    cancel();
    offs[1]?.();
    expect(order).toEqual(["b", "d"]);
  });

  it("added while they are called, or later, are called at once", () => {
    const { context, cancel } = withCancel(background);
    const order: unknown[] = [];
    context.onEnd(() => {
      context.onEnd((reason) => order.push(["nested", reason]));
      order.push("first");
    });
    cancel("stop");
    context.onEnd((reason) => order.push(["later", reason]));
    expect(order).toEqual([["nested", "stop"], "first", ["later", "stop"]]);
  });

  it("that throw do not keep others from being called; the error is reported as uncaught", async () => {
    const uncaught = new Promise((resolve) => {
      const others = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", (error) => {
        for (const other of others) process.on("uncaughtException", other);
        resolve(error);
      });
    });
    const { context, cancel } = withCancel(background);
    const error = new Error("in a listener");
    context.onEnd(() => {
      throw error;
    });
    const told = ends(context);
    cancel("stop");
    expect(told).toEqual(["stop"]);
    expect(await uncaught).toBe(error);
  });

  it("of a thousand nested contexts are all told", () => {
    const top = withCancel(background);
    let context = top.context;
    for (let i = 0; i < 1000; i++) context = withCancel(context).context;
    const told = ends(context);
    top.cancel("stop");
    expect(told).toEqual(["stop"]);
  });
});

describe("an AbortSignal", () => {
  it("given ends the context with its reason", () => {
    const controller = new AbortController();
    const parent = withCancel(background);
    const context = withSignal(parent.context, controller.signal);
    const told = ends(context);
    controller.abort("user left");
    expect(context.reason).toBe("user left");
    expect(told).toEqual(["user left"]);
    expect(parent.context.reason).toBeUndefined();
  });

  it("given, with or without listeners, never outlives the parent", () => {
    const controller = new AbortController();
    const parent = withCancel(background);
    const context = withSignal(parent.context, controller.signal);
    parent.cancel("stop");
    controller.abort("later");
    expect(context.reason).toBe("stop");
  });

  it("that was aborted before ends the context at once", () => {
    const context = withSignal(background, AbortSignal.abort("before"));
    expect(context.reason).toBe("before");
    expect(ends(context)).toEqual(["before"]);
  });

  it("of a context aborts with the context's reason", () => {
    const { context, cancel } = withCancel(withTimeout(background, 1000));
    const { signal } = context;
    expect(context.signal).toBe(signal);
    expect(withValue(context, "k", "v").signal).toBe(signal);
    expect(signal.aborted).toBe(false);
    cancel("stop");
    expect(signal.reason).toBe("stop");
  });

  it("of a context aborts at the deadline, and when the parent ends", () => {
    const { context, cancel } = withCancel(background);
    const first = withTimeout(context, 100);
    const second = withTimeout(context, 200);
    const signals = [first.signal, second.signal];
    vi.advanceTimersByTime(100);
    cancel("stop");
    expect(signals.map((signal) => signal.reason)).toEqual([first.reason, "stop"]);
    expect(code(first)).toBe("deadline_exceeded");
  });

  it("is handed out again where nothing else can end the context", () => {
    const { signal } = new AbortController();
    expect(withSignal(background, signal).signal).toBe(signal);
    expect(withSignal(withCancel(background).context, signal).signal).not.toBe(signal);
  });

  it("must be one", () => {
    expect(() => withSignal(background, undefined as never)).toThrow(
      new TypeError("withSignal takes an AbortSignal, got undefined"),
    );
  });

  it("asked for after the end is aborted", () => {
    const { context, cancel } = withCancel(background);
    cancel("stop");
    expect(context.signal.reason).toBe("stop");
  });

  it("of a context that cannot end is a fresh one each time, so that nothing piles up on it", () => {
    expect(background.signal).not.toBe(background.signal);
  });
});

describe("nothing is left behind", () => {
  function listeners(signal: AbortSignal): number {
    return getEventListeners(signal, "abort").length;
  }

  it("by deriving: no timer, no abort listener", () => {
    const { signal } = new AbortController();
    let context = withSignal(withCancel(background).context, signal);
    for (let i = 0; i < 10; i++)
      context = withCancel(withTimeout(withValue(context, "k", "v"), 1000 - i)).context;
    expect(context.reason).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
    expect(listeners(signal)).toBe(0);
  });

  it("by listeners that were taken back", () => {
    const { signal } = new AbortController();
    const context = withTimeout(withSignal(background, signal), 1000);
    const offs = [context.onEnd(() => {}), context.onEnd(() => {})];
    expect([vi.getTimerCount(), listeners(signal)]).toEqual([1, 1]);
    offs[0]?.();
    expect([vi.getTimerCount(), listeners(signal)]).toEqual([1, 1]);
    offs[1]?.();
    offs[1]?.();
    expect([vi.getTimerCount(), listeners(signal)]).toEqual([0, 0]);
    context.onEnd(() => {});
    expect([vi.getTimerCount(), listeners(signal)]).toEqual([1, 1]);
  });

  it("by a cancel", () => {
    const { signal } = new AbortController();
    const parent = withSignal(background, signal);
    for (let i = 0; i < 100; i++) {
      const { context, cancel } = withCancel(withTimeout(parent, 1000));
      context.onEnd(() => {});
      void context.signal;
      expect([vi.getTimerCount(), listeners(signal)]).toEqual([1, 1]);
      cancel();
      expect([vi.getTimerCount(), listeners(signal)]).toEqual([0, 0]);
    }
  });

  it("by a deadline, or by the end of a parent", () => {
    const controller = new AbortController();
    const parent = withSignal(background, controller.signal);
    ends(withTimeout(parent, 1000));
    vi.advanceTimersByTime(1000);
    expect([vi.getTimerCount(), listeners(controller.signal)]).toEqual([0, 0]);
    ends(withTimeout(parent, 1000));
    controller.abort();
    expect([vi.getTimerCount(), listeners(controller.signal)]).toEqual([0, 0]);
  });

  it("in a long-lived parent, of children that ended or that nobody listens to", async () => {
    vi.useRealTimers();
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const parent = withCancel(withTimeout(background, 3_600_000));
    const offParent = parent.context.onEnd(() => {});
    const children: WeakRef<Context>[] = [];
    function derive(): void {
      for (let i = 0; i < 100; i++) {
        const ended = withCancel(parent.context);
        ended.context.onEnd(() => {});
        ended.cancel();
        const unheard = withTimeout(parent.context, 60_000);
        unheard.onEnd(() => {})();
        const never = withCancel(parent.context).context;
        children.push(new WeakRef(ended.context), new WeakRef(unheard), new WeakRef(never));
      }
    }
    derive();
    // A WeakRef holds its target until the end of the job that made it.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(children.filter((child) => child.deref() !== undefined)).toEqual([]);
    offParent();
    parent.cancel();
  });
});
