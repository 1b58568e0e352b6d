import { RpcError } from "@slipstream/stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ApplicationExceptionType,
  decodeApplicationException,
  decodeException,
  decodeMessage,
  defaultExceptionText,
  encodeApplicationException,
  encodeException,
  encodeMessage,
  encodeMessageHead,
  MessageType,
  readMessageHead,
} from "./index.ts";

function bytesOf(...text: string[]): Uint8Array {
  return new Uint8Array(Buffer.from(text.join("").replaceAll(" ", ""), "hex"));
}

const body = bytesOf("0b 0001 00000005 68656c6c6f 00");
// A request as Kitex writes it: version and type, name, sequence id, struct.
const strict = bytesOf("80010001 00000004 4563686f 00000007", "0b 0001 00000005 68656c6c6f 00");
const call = { type: MessageType.call, method: "Echo", sequenceId: 7, body };

describe("a message", () => {
  it("is written as Kitex does", () => {
    expect(encodeMessage(call)).toEqual(strict);
    expect(encodeMessageHead(MessageType.call, "Echo", 7)).toEqual(strict.subarray(0, 16));
  });

  it("is read in the strict form", () => {
    expect(decodeMessage(strict)).toEqual({ ...call, protocol: "binary", framed: false });
    expect(readMessageHead(strict)).toEqual({ type: 1, method: "Echo", sequenceId: 7, bodyStart: 16 });
    const larger = bytesOf("ffff", Buffer.from(strict).toString("hex"), "ffff");
    expect(readMessageHead(larger, 2, larger.length - 2)).toEqual({
      type: 1,
      method: "Echo",
      sequenceId: 7,
      bodyStart: 18,
    });
  });

  it("is read in the old form", () => {
    const old = bytesOf("00000004 4563686f 01 00000007", "0b 0001 00000005 68656c6c6f 00");
    expect(decodeMessage(old)).toEqual({ ...call, protocol: "binary", framed: false });
  });

  it("is read with its length before it, or without", () => {
    const framed = encodeMessage(call, { framed: true });
    expect(framed).toEqual(bytesOf("0000001d", Buffer.from(strict).toString("hex")));
    expect(decodeMessage(framed)).toEqual({ ...call, protocol: "binary", framed: true });
  });

  it("is written and read in the compact protocol", () => {
    const compact = encodeMessage(call, { protocol: "compact" });
    expect(compact.subarray(0, 8)).toEqual(bytesOf("82 21 07 04 4563686f"));
    expect(decodeMessage(compact)).toEqual({ ...call, protocol: "compact", framed: false });
    const framed = encodeMessage({ ...call, sequenceId: -1 }, { protocol: "compact", framed: true });
    expect(decodeMessage(framed)).toEqual({ ...call, sequenceId: -1, protocol: "compact", framed: true });
  });

  it("comes back as it went, whatever is in it", () => {
    const message = fc.record({
      type: fc.integer({ min: 1, max: 4 }),
      method: fc.string({ unit: "grapheme" }),
      sequenceId: fc.integer(),
      body: fc.uint8Array(),
    });
    const options = fc.record({ protocol: fc.constantFrom("binary", "compact"), framed: fc.boolean() });
    fc.assert(
      fc.property(message, options, (value, how) => {
        expect(decodeMessage(encodeMessage(value, how))).toEqual({ ...value, ...how });
      }),
    );
  });

  it("is refused when it is none", () => {
    const bad = [
      "",
      "80",
      "80010001 00000004 4563",
      "80010001 7fffffff 4563686f 00000007",
      "80020001 00000004 4563686f 00000007",
      "7fffffff 4563686f 01 00000007",
      "00000004 4563686f 01",
      "82 22 07 04 4563686f",
      "82 21 07 7f 4563686f",
      "82",
    ];
    for (const text of bad) {
      expect(() => decodeMessage(bytesOf(text)), text).toThrow(RpcError);
    }
    for (const text of bad) expect(readMessageHead(bytesOf(text)), text).toBeUndefined();
  });
});

describe("an application exception", () => {
  const exception = { type: ApplicationExceptionType.unknownMethod, message: "nö" };

  it("is exactly the fields 1 and 2, even when empty", () => {
    expect(encodeApplicationException(exception)).toEqual(
      bytesOf("0b 0001 00000003 6ec3b6 08 0002 00000001 00"),
    );
    expect(encodeApplicationException({ type: 0, message: "" })).toEqual(
      bytesOf("0b 0001 00000000 08 0002 00000000 00"),
    );
  });

  it("is read in any order, incomplete, and with other fields", () => {
    expect(decodeApplicationException(encodeApplicationException(exception))).toEqual(exception);
    expect(decodeApplicationException(bytesOf("08 0002 00000001 0b 0001 00000001 61 00"))).toEqual({
      type: 1,
      message: "a",
    });
    expect(decodeApplicationException(bytesOf("00"))).toEqual({ type: 0, message: "" });
    expect(decodeApplicationException(bytesOf("0b 0003 00000001 61 08 0002 00000005 00"))).toEqual({
      type: 5,
      message: "",
    });
    expect(() => decodeApplicationException(bytesOf("08"))).toThrow(RpcError);
  });

  it("makes an EXCEPTION message", () => {
    const bytes = encodeException("Echo", 7, exception);
    expect(bytes).toEqual(
      bytesOf("80010003 00000004 4563686f 00000007 0b000100000003 6ec3b6 08000200000001 00"),
    );
    expect(decodeException(bytes)).toEqual(exception);
    const larger = new Uint8Array([9, ...bytes, 9]);
    expect(decodeException(larger, 1, larger.length - 1)).toEqual(exception);
  });

  it("is not found in other messages", () => {
    expect(decodeException(encodeMessage(call))).toBeUndefined();
    expect(decodeException(encodeException("Echo", 7, exception).subarray(0, -2))).toBeUndefined();
    expect(decodeException(new Uint8Array(0))).toBeUndefined();
  });

  it("has the text that Kitex shows when it came without one", () => {
    expect([0, 1, 6, 10, 11, 20].map(defaultExceptionText)).toEqual([
      "unknown application exception",
      "unknown method",
      "unknown internal error",
      "Unsupported client type",
      "unknown exception type [11]",
      "unknown exception type [20]",
    ]);
  });
});
