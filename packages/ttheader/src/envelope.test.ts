import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns } from "../test/arbitrary-frames.ts";
import { fromHex, toHex, workedFrames } from "../test/worked-frames.ts";
import {
  decodeException,
  encodeException,
  encodeMessageHead,
  MessageType,
  readMessageHead,
} from "./envelope.ts";

const text = fc.string({ unit: "grapheme" });
const decode = (bytes: Uint8Array) => decodeException(bytes, 0, bytes.length);

describe("an exception", () => {
  it("is written as Kitex writes it", () => {
    const worked = workedFrames.find(({ name }) => name.includes('handler error "boom"'));
    expect(toHex(encodeException("EchoBidi", 1, { type: 6, message: "biz error: boom" }))).toBe(
      worked?.payloadHex,
    );
  });

  it("comes back as it was written", () => {
    fc.assert(
      fc.property(text, fc.integer(), fc.integer(), text, (method, id, type, message) => {
        expect(decode(encodeException(method, id, { type, message }))).toEqual({ type, message });
      }),
      { numRuns: fuzzRuns },
    );
  });

  it("is read with fields missing, in any order, and up to one that nobody knows", () => {
    const head = "8001000300000001" + "6d" + "00000001";
    expect(decode(fromHex(`${head}00`))).toEqual({ type: 0, message: "" });
    expect(decode(fromHex(`${head}080002000000070b00010000000178` + "00"))).toEqual({
      type: 7,
      message: "x",
    });
    expect(decode(fromHex(`${head}08000200000007` + "0f000300"))).toEqual({ type: 7, message: "" });
  });

  it.each([
    ["nothing", ""],
    ["another message type", "800100020000000000000001" + "00"],
    ["another version", "820100030000000000000001" + "00"],
    ["no end", "800100030000000000000001"],
    ["a text past the end", "800100030000000000000001" + "0b000100000009" + "7800"],
    ["a text of negative length", "800100030000000000000001" + "0b0001ffffffff" + "00"],
    ["half a number", "800100030000000000000001" + "08000200"],
    ["a name past the end", "8001000300000099" + "00000001" + "00"],
  ])("is none with %s", (_name, hex) => {
    expect(decode(fromHex(hex))).toBeUndefined();
  });

  it("is none, and nothing worse, when it is cut or changed anywhere", () => {
    const bytes = encodeException("method", 1, { type: 6, message: "boom" });
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        expect(decode(bytes.subarray(0, at))).toBeUndefined();
        const changed = bytes.slice();
        changed[at] = value;
        decode(changed);
      }),
      { numRuns: fuzzRuns },
    );
  });
});

describe("a message head", () => {
  it("comes back as it was written", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(MessageType)),
        text,
        fc.integer(),
        (type, method, sequenceId) => {
          const bytes = encodeMessageHead(type, method, sequenceId);
          expect(readMessageHead(bytes, 0, bytes.length)).toEqual({
            type,
            method,
            sequenceId,
            bodyStart: bytes.length,
          });
        },
      ),
      { numRuns: fuzzRuns },
    );
  });

  it("is these bytes, as in Kitex's own tests", () => {
    expect(toHex(encodeMessageHead(1, "messageBegin", 1))).toBe(
      "800100010000000c6d657373616765426567696e00000001",
    );
  });
});
