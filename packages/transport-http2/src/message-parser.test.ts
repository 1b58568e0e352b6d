import type { RpcError } from "@slipstream/stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageParser, messagePrefix, prefixBytes } from "./message-parser.ts";

function parserFor(maxMessageBytes = 1_000) {
  const messages: { readonly bytes: Uint8Array; readonly isCompressed: boolean }[] = [];
  const parser = new MessageParser(maxMessageBytes, {
    onMessage: (bytes, isCompressed) => void messages.push({ bytes, isCompressed }),
  });
  return { parser, messages };
}

function framed(bytes: Uint8Array, isCompressed = false): Uint8Array {
  const whole = new Uint8Array(prefixBytes + bytes.length);
  whole.set(messagePrefix(bytes.length, isCompressed));
  whole.set(bytes, prefixBytes);
  return whole;
}

function failure(work: () => void): RpcError {
  try {
    work();
  } catch (error) {
    return error as RpcError;
  }
  throw new Error("expected a failure");
}

describe("MessageParser", () => {
  it("cuts messages the same, whatever way the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.boolean()), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (sent, cuts) => {
          const all = Buffer.concat(sent.map(([bytes, isCompressed]) => framed(bytes, isCompressed)));
          const { parser, messages } = parserFor();
          for (let at = 0, cut = 0; at < all.length; cut++) {
            const end = Math.min(all.length, at + (cuts[cut % cuts.length] as number));
            parser.push(all, at, end);
            at = end;
          }
          expect(messages.map(({ bytes, isCompressed }) => [new Uint8Array(bytes), isCompressed])).toEqual(
            sent,
          );
          expect(parser.isPartial).toBe(false);
        },
      ),
    );
  });

  it("gives a message that came in one piece as a view, not a copy", () => {
    const { parser, messages } = parserFor();
    const chunk = framed(Uint8Array.of(1, 2, 3));
    parser.push(chunk, 0, chunk.length);
    expect(messages[0]?.bytes.buffer).toBe(chunk.buffer);
  });

  it("says that it is in the middle of a message, or of a prefix", () => {
    const { parser } = parserFor();
    const chunk = framed(Uint8Array.of(1, 2, 3));
    parser.push(chunk, 0, 2);
    expect(parser.isPartial).toBe(true);
    parser.push(chunk, 2, 7);
    expect(parser.isPartial).toBe(true);
    parser.push(chunk, 7, 8);
    expect(parser.isPartial).toBe(false);
  });

  it("refuses a message over the limit by its length alone, and one at the limit not", () => {
    const { parser, messages } = parserFor(10);
    const fits = framed(new Uint8Array(10));
    parser.push(fits, 0, fits.length);
    expect(messages).toHaveLength(1);
    const prefix = Uint8Array.of(0, 0, 0, 0, 11);
    expect(failure(() => parser.push(prefix, 0, 5)).code).toBe("resource_exhausted");
    const huge = Uint8Array.of(0, 255, 255, 255, 255);
    expect(failure(() => parserFor(10).parser.push(huge, 0, 5)).message).toContain("4294967295");
  });

  it("refuses a flag that gRPC does not know", () => {
    const { parser } = parserFor();
    expect(failure(() => parser.push(Uint8Array.of(2, 0, 0, 0, 0), 0, 5)).code).toBe("internal");
  });

  it("takes any bytes without another error than its own", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          parserFor(100).parser.push(bytes, 0, bytes.length);
        } catch (error) {
          expect(["internal", "resource_exhausted"]).toContain((error as RpcError).code);
        }
      }),
    );
  });
});
