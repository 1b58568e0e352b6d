import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "./address.ts";
import { RpcError } from "./errors.ts";

describe("parseAddress", () => {
  it.each([
    ["127.0.0.1:8888", { key: "127.0.0.1:8888", scheme: "tcp", host: "127.0.0.1", port: 8888 }],
    ["Example.COM:080", { key: "example.com:80", scheme: "tcp", host: "example.com", port: 80 }],
    ["[::1]:1", { key: "[::1]:1", scheme: "tcp", host: "::1", port: 1 }],
    ["unix:/run/a b.sock", { key: "unix:/run/a b.sock", scheme: "unix", path: "/run/a b.sock" }],
    ["memory:x", { key: "memory:x", scheme: "memory", path: "x" }],
    ["ws://h", { key: "ws://h:80/", scheme: "ws", host: "h", port: 80, path: "/" }],
    ["wss://H/p?q=1", { key: "wss://h:443/p?q=1", scheme: "wss", host: "h", port: 443, path: "/p?q=1" }],
    ["ws://[::1]:9/p", { key: "ws://[::1]:9/p", scheme: "ws", host: "::1", port: 9, path: "/p" }],
    ["ws://h?q", { key: "ws://h:80/?q", scheme: "ws", host: "h", port: 80, path: "/?q" }],
  ])("reads %s", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each([
    "",
    "host",
    "host:",
    ":80",
    "host:0",
    "host:65536",
    "host:80x",
    "ho st:80",
    "::1:80",
    "[::1]",
    "http://h:80",
    "ws://",
    "ws://h:0",
    "ws://h:99999",
    "ws://h/#fragment",
    "ws://user:secret@h",
    "unix:",
    "memory:",
    "a/b:80",
  ])("refuses %j and says what was expected", (text) => {
    const error = (() => {
      try {
        return parseAddress(text);
      } catch (thrown) {
        return thrown;
      }
    })() as RpcError;
    expect(error).toBeInstanceOf(RpcError);
    expect(error.code).toBe("invalid_argument");
    expect(error.message).toContain("expected");
    expect(error.message).toContain(JSON.stringify(text));
  });

  it("gives an address whose key reads as the same address", () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.constantFrom("[::1]", "[fe80::1]"));
    const port = fc.integer({ min: 1, max: 65535 });
    const text = fc.oneof(
      fc.tuple(host, port).map(([name, number]) => `${name}:${number}`),
      fc
        .tuple(fc.constantFrom("ws", "wss"), host, port, fc.webPath(), fc.webQueryParameters())
        .map(([scheme, name, number, path, query]) => `${scheme}://${name}:${number}${path}?${query}`),
    );
    fc.assert(
      fc.property(text, (written) => {
        const address = parseAddress(written);
        expect(parseAddress(address.key)).toEqual(address);
      }),
    );
  });

  it("reads any text, or refuses it with an RpcError", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseAddress(text);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RpcError);
        }
      }),
    );
  });
});
