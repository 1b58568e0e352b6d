import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHuffman, huffmanLength, huffmanOutput, putHuffman } from "./huffman.ts";

function encode(text: string): Uint8Array {
  const bytes = new Uint8Array(huffmanLength(text));
  expect(putHuffman(bytes, 0, text)).toBe(bytes.length);
  return bytes;
}

function decode(bytes: Uint8Array): string {
  const length = decodeHuffman(bytes, 0, bytes.length);
  return Buffer.from(huffmanOutput.subarray(0, length)).toString("latin1");
}

describe("the Huffman code", () => {
  it.each([
    ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
    ["no-cache", "a8eb10649cbf"],
    ["custom-key", "25a849e95ba97d7f"],
    ["custom-value", "25a849e95bb8e8b4bf"],
    ["302", "6402"],
    ["private", "aec3771a4b"],
    ["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
    ["https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"],
    ["", ""],
  ])("writes %j as RFC 7541, appendix C does", (text, expected) => {
    expect(Buffer.from(encode(text)).toString("hex")).toBe(expected);
  });

  it("reads back every ASCII text", () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 0, max: 127 }).map((c) => String.fromCharCode(c)),
      maxLength: 200,
    });
    fc.assert(
      fc.property(ascii, (text) => {
        expect(decode(encode(text))).toBe(text);
      }),
    );
  });
});
