import { describe, expect, expectTypeOf, it } from "vitest";
import { Context, contextKey, getValue, withCancel, withTimeout, withValue } from "./index.ts";

describe("the values of a context", () => {
  const count = contextKey<number>("count");

  it("are found under their symbol, typed, by those who hold the new context", () => {
    const context = Context.background.setValue(count, 1);
    expect(context.getValue(count)).toBe(1);
    expect(Context.background.getValue(count)).toBeUndefined();
    expectTypeOf(context.getValue(count)).toEqualTypeOf<number | undefined>();
    expectTypeOf(context.getValue(Symbol("any"))).toEqualTypeOf<unknown>();
  });

  it("are replaced and deleted without touching the context they came from", () => {
    const other = Symbol("other");
    const context = Context.background.setValue(count, 1).setValue(other, "x");
    const replaced = context.setValue(count, 2);
    const deleted = context.deleteValue(count);
    expect([replaced.getValue(count), replaced.getValue(other)]).toEqual([2, "x"]);
    expect([deleted.getValue(count), deleted.getValue(other)]).toEqual([undefined, "x"]);
    expect([context.getValue(count), context.getValue(other)]).toEqual([1, "x"]);
  });

  it("stay when one that is not there is deleted", () => {
    const context = Context.background.setValue(count, 1);
    expect(context.deleteValue(Symbol("count"))).toBe(context);
  });

  it("are kept under symbols only", () => {
    expect(() => Context.background.setValue("k" as never, "v")).toThrow(
      /takes a symbol as key, got string; .* withValue/,
    );
  });

  it("are those of one key only: two keys of one description differ", () => {
    const context = Context.background.setValue(contextKey("k"), 1);
    expect(context.getValue(contextKey("k"))).toBeUndefined();
  });
});

describe("a detached context", () => {
  it("keeps values and metainfo and neither ends nor has a deadline", () => {
    const key = contextKey<string>("key");
    const parent = withTimeout(withValue(Context.background, "k", "v").setValue(key, "x"), 60_000);
    const { context, cancel } = withCancel(parent);
    const detached = context.detached();
    cancel("stop");
    expect(context.reason).toBe("stop");
    expect(detached.reason).toBeUndefined();
    expect(detached.remainingMs()).toBeUndefined();
    expect(detached.signal.aborted).toBe(false);
    expect(detached.getValue(key)).toBe("x");
    expect(getValue(detached, "k")).toBe("v");
  });

  it("is the same one when it could not end anyway", () => {
    const context = withValue(Context.background, "k", "v");
    expect(context.detached()).toBe(context);
  });
});

describe("the background", () => {
  it("has nothing and never ends", () => {
    const { background } = Context;
    expect(background.reason).toBeUndefined();
    expect(background.deadline).toBeUndefined();
    expect(background.remainingMs()).toBeUndefined();
    expect(background.signal.aborted).toBe(false);
    background.onEnd(() => expect.unreachable())();
  });
});
