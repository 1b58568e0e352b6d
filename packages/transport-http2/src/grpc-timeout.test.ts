import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeTimeout, encodeTimeout } from "./grpc-timeout.ts";

describe("grpc-timeout [B34]", () => {
  it.each([
    [1, "1000u"],
    [1_000, "1000000u"],
    [99_999, "99999000u"],
    [100_000, "100000m"],
    [300_000, "300000m"],
    [99_999_999, "99999999m"],
    [2 ** 31 - 1, "2147484S"],
  ])("writes %i ms as Kitex does, in the finest unit that eight digits hold", (ms, text) => {
    expect(encodeTimeout(ms)).toBe(text);
  });

  it.each([
    ["1n", 1],
    ["999999n", 1],
    ["1000000n", 1],
    ["1000001n", 2],
    ["1u", 1],
    ["1500u", 2],
    ["7m", 7],
    ["2S", 2_000],
    ["3M", 180_000],
    ["1H", 3_600_000],
    ["99999999H", 2 ** 31 - 1],
    ["0n", 0],
    ["0S", 0],
  ])("reads %s as %i ms, rounded up and no longer than a timer takes", (text, ms) => {
    expect(decodeTimeout(text)).toBe(ms);
  });

  it.each(["", "S", "1", "1s", "1x", "-1S", "+1S", "1.5S", " 1S", "1S ", "123456789S", "1SS", "\u0661S"])(
    "refuses %j",
    (text) => {
      expect(decodeTimeout(text)).toBeUndefined();
    },
  );

  it("comes back as it was, or a second later for what only seconds hold", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (ms) => {
        const text = encodeTimeout(ms);
        expect(text).toMatch(/^\d{1,8}[umS]$/);
        const back = decodeTimeout(text) as number;
        expect(back).toBeGreaterThanOrEqual(ms);
        expect(back - ms).toBeLessThan(ms > 99_999_999 ? 1_000 : 1);
      }),
    );
  });
});
