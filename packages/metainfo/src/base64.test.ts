import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64 } from "./index.ts";

describe("base64", () => {
  test.prop([fc.uint8Array({ maxLength: 100 })])("is that of Node, without padding [C4]", (bytes) => {
    const padded = Buffer.from(bytes).toString("base64");
    const bare = padded.replaceAll("=", "");
    expect(encodeBase64(bytes)).toBe(bare);
    expect(decodeBase64(bare)).toEqual(bytes);
    expect(decodeBase64(padded)).toEqual(bytes);
  });

  test.prop([fc.string({ unit: "binary", maxLength: 12 })])(
    "decodes what is base64 and nothing else [C4]",
    (text) => {
      const isBase64 = /^[A-Za-z0-9+/]*$/.test(text)
        ? text.length % 4 !== 1
        : /^([A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}([A-Za-z0-9+/]=|==)$/.test(text);
      expect(decodeBase64(text)).toEqual(isBase64 ? new Uint8Array(Buffer.from(text, "base64")) : undefined);
    },
  );

  it.each([
    "A",
    "AAAAA",
    "A=",
    "A===",
    "AA=",
    "AAA==",
    "AAAA=",
    "====",
    "=",
    "AA==AA==",
    "AA A",
    "AA-_",
    "AAé",
    " AA",
  ])("is not %j", (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  it("may have bits to spare in its last letter, as other readers allow", () => {
    expect(decodeBase64("AB")).toEqual(new Uint8Array([0]));
    expect(decodeBase64("")).toEqual(new Uint8Array());
  });
});
