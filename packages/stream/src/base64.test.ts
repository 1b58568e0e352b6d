import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe.each(["with Node's Buffer", "without it, as in a browser"])("base64 %s", (where) => {
  async function load(): Promise<typeof import("./base64.ts")> {
    vi.resetModules();
    if (where.startsWith("without")) vi.stubGlobal("Buffer", undefined);
    return await import("./base64.ts");
  }

  it("writes what everyone reads, without padding, and reads it back", async () => {
    const node = Buffer;
    const { toBase64, fromBase64 } = await load();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        const text = toBase64(bytes);
        expect(text).toBe(node.from(bytes).toString("base64").replaceAll("=", ""));
        expect(fromBase64(text)).toEqual(bytes);
        expect(fromBase64(node.from(bytes).toString("base64"))).toEqual(bytes);
      }),
    );
  });

  it.each(["A", "AAAAA", "A-_A", "AA=A", "AA===", " AAA", "AAé"])("refuses %j", async (text) => {
    const { fromBase64 } = await load();
    expect(fromBase64(text)).toBeUndefined();
  });
});
