import { describe, expect, it } from "vitest";
import { fromHex } from "../test/worked-frames.ts";
import { FrameError } from "./frame-error.ts";
import { findBody, readPayload } from "./payload.ts";

const message = "8001000100000004456368" + "6f" + "0000000a" + "00";

describe("readPayload", () => {
  it("finds a bare Thrift message", () => {
    const bytes = fromHex(`ffff${message}`);
    expect(readPayload(bytes, 2, bytes.length)).toEqual({ form: "thrift", start: 2, end: bytes.length });
  });

  it("finds a framed Thrift message behind its length", () => {
    const bytes = fromHex(`00000011${message}`);
    expect(readPayload(bytes, 0, bytes.length)).toEqual({ form: "framed", start: 4, end: bytes.length });
  });

  it("finds Kitex's Protobuf message", () => {
    const bytes = fromHex(`00000011${message.replace("8001", "9001")}`);
    expect(readPayload(bytes, 0, bytes.length).form).toBe("kitex-protobuf");
  });

  it.each([
    [
      "a framed length that is not that of the message",
      `00000012${message}`,
      "framed length is 18, the message has 17",
    ],
    ["another magic", "0000001182010001000000", "neither strict Thrift binary"],
    ["a Thrift message before version 1", "00000004456368", "holds no Thrift message"],
    ["nothing", "", "payload of 0 bytes"],
  ])("refuses %s", (_name, hex, text) => {
    const bytes = fromHex(hex);
    expect(() => readPayload(bytes, 0, bytes.length)).toThrow(text);
    expect(() => readPayload(bytes, 0, bytes.length)).toThrow(FrameError);
  });
});

describe("findBody", () => {
  const bytes = fromHex(`ffff${message}`);

  it("finds the struct of a message of the type and method", () => {
    expect(findBody(1, "Echo", bytes, 2, bytes.length)).toBe(bytes.length - 1);
  });

  it.each([
    ["another type", 2, "Echo", bytes.length],
    ["another method", 1, "Echa", bytes.length],
    ["a longer method", 1, "Echoes", bytes.length],
    ["a shorter method", 1, "Ech", bytes.length],
    ["a message that is cut short", 1, "Echo", bytes.length - 2],
    ["no message", 1, "Echo", 2],
  ])("finds none of %s", (_, type, method, end) => {
    expect(findBody(type, method, bytes, 2, end)).toBe(-1);
  });
});
