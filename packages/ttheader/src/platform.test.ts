import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe.each(["with Node's Buffer", "without it, as in a browser"])("text %s", (where) => {
  async function load(): Promise<typeof import("./platform.ts")> {
    vi.resetModules();
    if (where.startsWith("without")) vi.stubGlobal("Buffer", undefined);
    return await import("./platform.ts");
  }

  it("is UTF-8, and comes back", async () => {
    const { TextRange, writeText } = await load();
    const encoder = new TextEncoder();
    const anyText = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.string({ minLength: 45 }),
    );
    fc.assert(
      fc.property(anyText, (value) => {
        const bytes = new Uint8Array(2 + 3 * value.length);
        const end = writeText(bytes, 2, value);
        expect(bytes.slice(2, end)).toEqual(encoder.encode(value));
        const back = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(2, end));
        expect(new TextRange(bytes, 0, end).read(2, end)).toBe(back);
      }),
    );
  });

  it("replaces what is no UTF-8", async () => {
    const { TextRange } = await load();
    const bytes = Uint8Array.of(0x61, 0xff, 0x62);
    expect(new TextRange(bytes, 0, 3).read(0, 3)).toBe("a\ufffdb");
  });
});
