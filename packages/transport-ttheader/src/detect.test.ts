import { describe, expect, it } from "vitest";
import { detectTtheader } from "./detect.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (unit) => unit.charCodeAt(0));

describe("detecting TTHeader and Thrift", () => {
  it.each([
    ["a streaming frame", "\0\0\0\x5e\x10\0\0\x02", "yes"],
    ["a ping-pong frame", "\0\0\0\x5e\x10\0\0\0", "yes"],
    ["nothing yet", "", "more"],
    ["a length alone", "\0\0\0\x5e", "more"],
    ["half the magic", "\0\0\0\x5e\x10", "more"],
    ["HTTP/2", "PRI * HTTP/2.0", "no"],
    ["HTTP/1", "GET / HTTP/1.1", "no"],
    ["strict Thrift", "\x80\x01\0\x01", "yes"],
    ["its first byte", "\x80", "more"],
    ["Thrift of a version that is not there", "\x80\x02\0\x01", "no"],
    ["compact Thrift", "\x82\x21\0\x01", "no"],
    ["framed Thrift", "\0\0\0\x20\x80\x01\0\x01", "yes"],
    ["the length and the first byte of framed Thrift", "\0\0\0\x20\x80", "more"],
    ["framed Kitex Protobuf", "\0\0\0\x20\x90\x01\0\x01", "no"],
    ["Apache THeader", "\0\0\0\x20\x0f\xff\0\0", "no"],
    ["TLS", "\x16\x03\x01\x02\0\x01", "no"],
  ])("in %s: %j is %s", (_name, head, answer) => {
    expect(detectTtheader(bytes(head))).toBe(answer);
  });

  it("is never wrong before it is right, byte by byte", () => {
    const head = bytes("\0\0\0\x5e\x10\0\0\x02");
    for (let end = 0; end < 6; end++) expect(detectTtheader(head.subarray(0, end))).toBe("more");
  });
});
