import { describe, expect, it } from "vitest";
import { Ending, neverEnded } from "./ended.ts";
import { RpcError } from "./errors.ts";

const reason = new RpcError("cancelled", "enough");

describe("Ending", () => {
  it("tells its listeners once, in the order in which they came", () => {
    const ending = new Ending();
    const told: string[] = [];
    ending.onEnd(() => told.push("first"));
    ending.onEnd(({ message }) => told.push(message));
    expect(ending.reason).toBeUndefined();
    expect(ending.end(reason)).toBe(true);
    expect(ending.end(new RpcError("unavailable", "later"))).toBe(false);
    expect(ending.reason).toBe(reason);
    expect(told).toEqual(["first", "enough"]);
    expect(ending.listenerCount).toBe(0);
  });

  it("tells a listener that comes after the end at once", () => {
    const ending = new Ending();
    ending.end(reason);
    let told: RpcError | undefined;
    ending.onEnd((error) => {
      told = error;
    });
    expect(told).toBe(reason);
  });

  it("lets each listener be taken back, the same function added twice too", () => {
    const ending = new Ending();
    let calls = 0;
    const listener = (): void => void calls++;
    const takeBack = ending.onEnd(listener);
    ending.onEnd(listener);
    takeBack();
    takeBack();
    expect(ending.listenerCount).toBe(1);
    ending.end(reason);
    expect(calls).toBe(1);
  });

  it("does not tell a listener that another one took back", () => {
    const ending = new Ending();
    let isTold = false;
    ending.onEnd(() => takeBack());
    const takeBack = ending.onEnd(() => {
      isTold = true;
    });
    ending.end(reason);
    expect(isTold).toBe(false);
  });

  it("tells the others when a listener fails, whose error is reported as uncaught", async () => {
    const ending = new Ending();
    const uncaught = new Promise((resolve) => {
      const others = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", (error) => {
        for (const other of others) process.on("uncaughtException", other);
        resolve(error);
      });
    });
    const failure = new Error("a listener that fails");
    let isTold = false;
    ending.onEnd(() => {
      throw failure;
    });
    ending.onEnd(() => {
      isTold = true;
    });
    expect(ending.end(reason)).toBe(true);
    expect(isTold).toBe(true);
    expect(await uncaught).toBe(failure);
  });
});

describe("neverEnded", () => {
  it("has no reason and takes any listener", () => {
    neverEnded.onEnd(() => {})();
    expect(neverEnded.reason).toBeUndefined();
  });
});
