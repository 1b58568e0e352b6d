import { Context, withTimeout } from "@slipstream/metainfo";
import { describe, expect, it } from "vitest";
import { type Code, codeFromNumber, codeToNumber } from "./code.ts";
import { BizStatusError, RpcError } from "./errors.ts";
import { isSendRefusal, messageTooLarge, sendBufferFull } from "./send-refusal.ts";

describe("RpcError", () => {
  it("describes itself in one line, with the words of gRPC", () => {
    const error = new RpcError("deadline_exceeded", "context deadline exceeded", {
      method: "Shop/buy",
      peer: "10.0.0.1:80",
    });
    expect(error.describe()).toBe(
      "rpc error: code = 4 (deadline_exceeded) method = Shop/buy peer = 10.0.0.1:80 desc = context deadline exceeded",
    );
    expect(new RpcError("aborted", "x").describe()).toBe("rpc error: code = 10 (aborted) desc = x");
    expect(String(error)).toBe("RpcError: context deadline exceeded");
  });

  it("keeps its cause, origin and whether repeating is safe", () => {
    const cause = new Error("inner");
    const error = new RpcError("unavailable", "x", { cause, origin: { ttstream: 12006 }, retryable: true });
    expect([error.cause, error.origin, error.retryable]).toEqual([cause, { ttstream: 12006 }, true]);
    expect("cause" in new RpcError("unavailable", "x")).toBe(false);
  });

  it("is made of anything that was thrown", () => {
    const error = new RpcError("aborted", "x");
    expect(RpcError.from(error)).toBe(error);
    const cases: readonly [unknown, Code, string][] = [
      [new TypeError("plain"), "internal", "plain"],
      ["text", "internal", "text"],
      [undefined, "internal", "undefined"],
      [AbortSignal.abort().reason, "cancelled", "This operation was aborted"],
      [new DOMException("late", "TimeoutError"), "deadline_exceeded", "late"],
      [withTimeout(Context.background, 0).reason, "deadline_exceeded", "context deadline exceeded"],
    ];
    for (const [thrown, code, message] of cases) {
      const made = RpcError.from(thrown);
      expect([made.code, made.message, made.cause]).toEqual([code, message, thrown]);
    }
    expect(RpcError.from("x", "unavailable").code).toBe("unavailable");
  });

  it("is recognised when another copy of the package made it", () => {
    const other = Object.assign(new Error("x"), { [Symbol.for("@slipstream/stream/RpcError")]: true });
    expect(other instanceof RpcError).toBe(true);
    expect(new Error("x") instanceof RpcError).toBe(false);
    for (const value of [undefined, null, 1, "RpcError"])
      expect((value as unknown) instanceof RpcError).toBe(false);
    expect(new RpcError("aborted", "x") instanceof BizStatusError).toBe(false);
  });
});

describe("BizStatusError", () => {
  it("has a status that the wire can carry", () => {
    for (const status of [1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(new BizStatusError(status, "x").status).toBe(status);
    }
    for (const status of [0, -0, 1.5, 2 ** 31, Number.NaN]) {
      expect(() => new BizStatusError(status, "x")).toThrow(RangeError);
    }
  });

  it("is no RpcError", () => {
    expect(new BizStatusError(1, "x") instanceof RpcError).toBe(false);
    expect(new BizStatusError(1, "x") instanceof BizStatusError).toBe(true);
  });
});

describe("codes", () => {
  it("have the numbers of gRPC, both ways", () => {
    for (let number = 1; number <= 16; number++) {
      const code = codeFromNumber(number);
      expect(code && codeToNumber(code)).toBe(number);
    }
    for (const number of [0, 17, -1, 1.5]) expect(codeFromNumber(number)).toBeUndefined();
  });
});

describe("refused sends", () => {
  it("are told from other errors of the same code", () => {
    expect(messageTooLarge(11, 10)).toMatchObject({
      code: "resource_exhausted",
      message: "message of 11 bytes is over maxMessageBytes (10)",
    });
    expect([messageTooLarge(2, 1), sendBufferFull(2, 1)].map(isSendRefusal)).toEqual([true, true]);
    expect([new RpcError("resource_exhausted", "x"), undefined, "x"].map(isSendRefusal)).toEqual([
      false,
      false,
      false,
    ]);
  });
});
