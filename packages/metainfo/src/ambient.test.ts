import { describe, expect, it } from "vitest";
import { currentContext as currentWithout, runWithContext as runWithout } from "./ambient-none.ts";
import { Context, currentContext, getValue, runWithContext, withValue } from "./index.ts";

const context = withValue(Context.background, "k", "v");

describe("the current context", () => {
  it("is the background outside of any", () => {
    expect(currentContext()).toBe(Context.background);
  });

  it("is the one run with, across await, and what was before afterwards", async () => {
    const result = await runWithContext(context, async () => {
      await Promise.resolve();
      const inner = withValue(currentContext(), "k", "inner");
      runWithContext(inner, () => expect(currentContext()).toBe(inner));
      await new Promise((resolve) => setTimeout(resolve));
      return getValue(currentContext(), "k");
    });
    expect(result).toBe("v");
    expect(currentContext()).toBe(Context.background);
  });

  it.each([
    ["with storage", runWithContext],
    ["without", runWithout],
  ])("passes arguments on, %s", (_, run) => {
    expect(run(context, (a: number, b: string) => [a, b], 1, "b")).toEqual([1, "b"]);
    expect(run(Context.background, (a: number) => a, 2)).toBe(2);
  });

  it("can be the background again inside of another", () => {
    runWithContext(context, () => {
      runWithContext(Context.background, () => expect(currentContext()).toBe(Context.background));
      expect(currentContext()).toBe(context);
    });
  });

  it("of concurrent calls are apart", async () => {
    const seen = await Promise.all(
      ["a", "b"].map((value) =>
        runWithContext(withValue(Context.background, "k", value), async () => {
          await Promise.resolve();
          return getValue(currentContext(), "k");
        }),
      ),
    );
    expect(seen).toEqual(["a", "b"]);
  });

  it("lets errors of the function through", () => {
    expect(() =>
      runWithContext(context, () => {
        throw new Error("mine");
      }),
    ).toThrow("mine");
  });

  it("is always the background where there is no AsyncLocalStorage", () => {
    expect(runWithout(context, () => currentWithout())).toBe(Context.background);
    expect(runWithout(context, () => "result")).toBe("result");
  });
});
