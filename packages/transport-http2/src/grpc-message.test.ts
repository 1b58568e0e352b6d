import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage } from "./grpc-message.ts";

describe("grpc-message", () => {
  it.each([
    ["", ""],
    ["plain text, and punctuation: ~!", "plain text, and punctuation: ~!"],
    ["100%", "100%25"],
    ["\u00e9", "%C3%A9"],
    ["line\nfeed", "line%0Afeed"],
    [" edge ", "%20edge%20"],
    [" ", "%20"],
    ["\ud800", "%EF%BF%BD"],
  ])("writes %j as %j", (text, encoded) => {
    expect(encodeMessage(text)).toBe(encoded);
  });

  it.each([
    ["%", "%"],
    ["%zz", "%zz"],
    ["a%2", "a%2"],
    ["%C3%A9%", "\u00e9%"],
    ["%c3%a9", "\u00e9"],
    ["%FF", "\ufffd"],
    ["\u00fc%20", "\u00fc "],
  ])("reads %j leniently as %j", (encoded, text) => {
    expect(decodeMessage(encoded)).toBe(text);
  });

  it("brings every text back, in printable ASCII without blanks at the ends", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const encoded = encodeMessage(text);
        expect(encoded).toMatch(/^[\x20-\x7e]*$/);
        expect(encoded.trim()).toBe(encoded);
        expect(decodeMessage(encoded)).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.from(text)),
        );
      }),
    );
  });

  it("never throws on what a peer sends", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => typeof decodeMessage(value) === "string"),
    );
  });
});
