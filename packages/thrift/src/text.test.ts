import { describe, expect, it } from "vitest";
import { bytesOf, errorOf, One, variants } from "../test/support.ts";
import { createCodecs, type Struct } from "./index.ts";

describe.each(variants)("text (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);
  const again = <T>(type: Struct<T>, value: unknown): T => codec(type).decode(codec(type).encode(value as T));

  it("writes text as UTF-8 of any length", () => {
    const type = One<{ s: string }>((t) => [t.field(1, "s", t.string)]);
    const letters = ["a", "é", "李", "😀", "\u0000", "\ufeff", "\ufffd"];
    for (const letter of letters) {
      for (const length of [...Array(50).keys(), 64, 1000, 30_000]) {
        const s = letter.repeat(length);
        expect(again(type, { s })).toEqual({ s });
        expect(again(type, { s: `${s}x` })).toEqual({ s: `${s}x` });
      }
    }
  });

  it("writes half of a surrogate pair as U+FFFD, and reads bytes that are not UTF-8 so", () => {
    const text = One<{ s: string }>((t) => [t.field(1, "s", t.string)]);
    const raw = One<{ s: Uint8Array }>((t) => [t.field(1, "s", t.binary)]);
    for (const s of ["\ud800", "a\udc00b", "\ud83d".repeat(30)]) {
      expect(again(text, { s })).toEqual({ s: s.replaceAll(/\p{Surrogate}/gu, "\ufffd") });
    }
    for (const bytes of ["ff", "c080", "eda080", "f4908080", "61e282", "e28261", "ff".repeat(30)]) {
      const s = codec(text).decode(codec(raw).encode({ s: bytesOf(bytes) })).s;
      expect(s).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(bytes)));
    }
  });

  it("refuses both on request, with U+FFFD itself still allowed", () => {
    const strict = createCodecs({ ...options, invalidText: "reject" }).struct;
    const text = One<{ s: string }>((t) => [t.field(1, "s", t.string)]);
    const raw = One<{ s: Uint8Array }>((t) => [t.field(1, "s", t.binary)]);
    for (const s of ["\ud800", "a\udc00b", `${"\ud83d".repeat(30)}`]) {
      expect(errorOf(() => strict(text).encode({ s })).message).toMatch(
        /One\.s: expected text, got .* surrogate pair$/,
      );
    }
    for (const bytes of ["ff", "c080", "eda080", "efbfbdff"]) {
      const message = codec(raw).encode({ s: bytesOf(bytes) });
      expect(errorOf(() => strict(text).decode(message)).message).toMatch(/^One\.s: .* are not UTF-8/);
    }
    for (const s of ["\ufffd", "😀\ufffd".repeat(20), "\ufeff", "é".repeat(40)]) {
      expect(strict(text).decode(strict(text).encode({ s }))).toEqual({ s });
    }
  });
});
