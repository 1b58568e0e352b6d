import { describe, expect, it } from "vitest";
import { detectHttp2 } from "./detect.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("detection of HTTP/2 [B12]", () => {
  it("knows the preface by its first eight bytes, and waits for them", () => {
    expect(detectHttp2(bytes("PRI * HTTP/2.0\r\n"))).toBe("yes");
    expect(detectHttp2(bytes("PRI * HT"))).toBe("yes");
    expect(detectHttp2(bytes("PRI * H"))).toBe("more");
    expect(detectHttp2(bytes(""))).toBe("more");
  });

  it("is none of HTTP/1.1, TTHeader and Thrift", () => {
    expect(detectHttp2(bytes("POST / HTTP/1.1"))).toBe("no");
    expect(detectHttp2(Uint8Array.of(0, 0, 0, 40, 0x10, 0))).toBe("no");
    expect(detectHttp2(Uint8Array.of(0x80, 1, 0, 1))).toBe("no");
  });

  it("goes by ALPN where TLS agreed on a protocol", () => {
    expect(detectHttp2(bytes(""), { alpn: "h2" })).toBe("yes");
    expect(detectHttp2(bytes("PRI * HT"), { alpn: "http/1.1" })).toBe("no");
    expect(detectHttp2(bytes("PRI * HT"), { alpn: false })).toBe("yes");
  });
});
