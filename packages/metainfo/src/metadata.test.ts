import { describe, expect, expectTypeOf, it } from "vitest";
import { Metadata } from "./index.ts";

const bytes = new Uint8Array([0, 1, 255]);

describe("building metadata", () => {
  it("from pairs merges values of one name into a list, in order [C1][C2]", () => {
    const metadata = Metadata.pairs("key1", "val1", "key1", "val1-2", "key2", "val2");
    expect([...metadata]).toEqual([
      ["key1", ["val1", "val1-2"]],
      ["key2", ["val2"]],
    ]);
    expect(metadata.size).toBe(2);
  });

  it("from a record takes values and lists of values [C2]", () => {
    const metadata = Metadata.fromRecord({ a: "1", b: ["2", "3"], "c-bin": bytes, d: [] });
    expect([...metadata]).toEqual([
      ["a", ["1"]],
      ["b", ["2", "3"]],
      ["c-bin", [bytes]],
    ]);
  });

  it("lower-cases names on every way in, so that names of different case merge [C3][B65]", () => {
    expect(Metadata.fromRecord({ key1: "a", kEy1: "b", KEY2: "c" }).fields()).toEqual([
      ["key1", "a"],
      ["key1", "b"],
      ["key2", "c"],
    ]);
    expect(Metadata.pairs("Key", "1", "kEY", "2").get("KEY")).toEqual(["1", "2"]);
    const metadata = new Metadata();
    metadata.set("HELLO", "1");
    metadata.append("Hello", "2");
    expect(metadata.fields()).toEqual([
      ["hello", "1"],
      ["hello", "2"],
    ]);
    expect(Metadata.fromReceived([["HeLLo", "x"]]).fields()).toEqual([["hello", "x"]]);
  });

  it("from pairs of an odd count throws a RangeError", () => {
    expect(() => Metadata.pairs("a", "1", "b")).toThrow(
      new RangeError("metadata pairs are names and values in turn, so their count must be even, got 3"),
    );
  });

  it("joins several, values in the order of the arguments [C1]", () => {
    const one = Metadata.pairs("a", "1", "b", "2");
    const other = Metadata.pairs("a", "3", "c", "4");
    expect([...Metadata.join(one, undefined, other, one)]).toEqual([
      ["a", ["1", "3", "1"]],
      ["b", ["2", "2"]],
      ["c", ["4"]],
    ]);
    expect(one.get("a")).toEqual(["1"]);
    expect(Metadata.join().size).toBe(0);
  });

  it("carries trace headers of any letter case [C13]", () => {
    const metadata = Metadata.pairs("X-B3-TraceId", "80f198ee56343ba8", "X-B3-Sampled", "1");
    expect(metadata.get("x-b3-traceid")).toEqual(["80f198ee56343ba8"]);
    expect(metadata.fields()).toEqual([
      ["x-b3-traceid", "80f198ee56343ba8"],
      ["x-b3-sampled", "1"],
    ]);
  });
});

describe("reading and changing metadata", () => {
  it("gives all values of a name in any letter case, or an empty list [C1]", () => {
    const metadata = Metadata.pairs("Key", "1", "key", "2");
    expect(metadata.get("KEY")).toEqual(["1", "2"]);
    expect(metadata.get("other")).toEqual([]);
    expect(metadata.has("kEY")).toBe(true);
    expect(metadata.has("__proto__")).toBe(false);
    expect([...metadata.keys()]).toEqual(["key"]);
  });

  it("hands out lists that are not its own", () => {
    const metadata = Metadata.pairs("k", "1");
    metadata.get("k").push("2");
    for (const [, values] of metadata) values.push("3");
    expect(metadata.get("k")).toEqual(["1"]);
  });

  it("replaces with set, and does nothing without values", () => {
    const metadata = Metadata.pairs("k", "1", "k", "2");
    metadata.set("K", "3", "4");
    expect(metadata.get("k")).toEqual(["3", "4"]);
    metadata.set("k");
    expect(metadata.get("k")).toEqual(["3", "4"]);
    metadata.set("other");
    expect(metadata.has("other")).toBe(false);
  });

  it("adds with append, and does nothing without values", () => {
    const metadata = Metadata.pairs("k", "1");
    metadata.append("K", "2", "3");
    metadata.append("k");
    metadata.append("other");
    expect([...metadata]).toEqual([["k", ["1", "2", "3"]]]);
  });

  it("adds all of another, also of itself", () => {
    const metadata = Metadata.pairs("a", "1");
    metadata.appendAll(Metadata.pairs("a", "2", "b", "3"));
    metadata.appendAll(undefined);
    expect(metadata.get("a")).toEqual(["1", "2"]);
    metadata.appendAll(metadata);
    expect(metadata.get("a")).toEqual(["1", "2", "1", "2"]);
    expect(metadata.get("b")).toEqual(["3", "3"]);
  });

  it("deletes a name", () => {
    const metadata = Metadata.pairs("a", "1");
    expect(metadata.delete("A")).toBe(true);
    expect(metadata.delete("a")).toBe(false);
    expect(metadata.size).toBe(0);
  });

  it("clones without sharing lists [C1]", () => {
    const metadata = Metadata.pairs("a", "1");
    const clone = metadata.clone();
    clone.append("a", "2");
    clone.set("b", "3");
    expect(metadata.fields()).toEqual([["a", "1"]]);
    expect(clone.get("a")).toEqual(["1", "2"]);
  });
});

describe("names", () => {
  it.each(["", "a b", "a:b", "é", "a!", "你", "a\n", "a/b", "K\u212a"])(
    "may not be %j, for gRPC does not allow it",
    (name) => {
      const metadata = new Metadata();
      expect(() => metadata.set(name, "v")).toThrow(
        new TypeError(
          `a metadata name must be one or more of the letters, digits, "_", "-" and ".", got ${JSON.stringify(name)}`,
        ),
      );
      expect(() => metadata.append(name, "v")).toThrow(TypeError);
      expect(() => Metadata.pairs(name, "v")).toThrow(TypeError);
      expect(() => Metadata.fromRecord({ [name]: "v" })).toThrow(TypeError);
      expect(metadata.size).toBe(0);
    },
  );

  it.each([
    ":path",
    "content-type",
    "Content-Type",
    "te",
    "grpc-status",
    "grpc-message",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-message-type",
    "grpc-status-details-bin",
    "GRPC-anything",
    "biz-status",
    "biz-message",
    "biz-extra",
    "slipstream-meta-bin",
    "rpc-persist-k",
    "Rpc-Transit-k",
    "rpc-backward-k",
    "RPC_PERSIST_k",
  ])("may not be %j, for it is the protocol's", (name) => {
    expect(() => Metadata.pairs(name, "v")).toThrow(
      new TypeError(`metadata name ${JSON.stringify(name)} is reserved for the protocol; choose another`),
    );
  });

  it.each([
    "grpc-previous-rpc-attempts",
    "grpc-retry-pushback-ms",
    "user-agent",
    "rpc_x",
    "0_-.z",
    "-",
    "tenant",
    "date",
  ])("may be %j", (name) => {
    expect(Metadata.pairs(name, "v").get(name)).toEqual(["v"]);
  });

  it("of gRPC's own that applications use may be set as bytes", () => {
    expect(Metadata.pairs("grpc-trace-bin", bytes, "grpc-tags-bin", bytes).size).toBe(2);
  });

  it("must be strings", () => {
    expect(() => Metadata.pairs(bytes, "v")).toThrow(
      new TypeError("a metadata name must be a string, got Uint8Array"),
    );
  });
});

describe("values", () => {
  it("of names in -bin are bytes, copied; of others text [C4]", () => {
    const own = Buffer.from([1, 2, 3]);
    const metadata = Metadata.pairs("K-BIN", own, "t", "text");
    own[0] = 9;
    const [kept] = metadata.get("k-bin");
    expect(kept).toEqual(new Uint8Array([1, 2, 3]));
    expect(Buffer.isBuffer(kept)).toBe(false);
    expect(metadata.get("t")).toEqual(["text"]);
  });

  it("of the wrong type are refused with a word on what is right", () => {
    const metadata = new Metadata();
    expect(() => metadata.set("k-bin", "text" as never)).toThrow(
      new TypeError(
        'the value of metadata name "k-bin" must be a Uint8Array, for it ends in "-bin", got string',
      ),
    );
    expect(() => metadata.set("k", bytes as never)).toThrow(
      new TypeError(
        'the value of metadata name "k" must be a string, got Uint8Array; names of bytes end in "-bin"',
      ),
    );
    expect(() => metadata.append("k", "fine", 5 as never)).toThrow(/must be a string, got number/);
    expect(() => metadata.append("k", null as never)).toThrow(/must be a string, got null/);
    expect(metadata.size).toBe(0);
  });

  it.each(["\0", "a\nb", "a\r", "\x1f", "\x7f"])("may not hold control characters such as %j", (value) => {
    expect(() => Metadata.pairs("k", value)).toThrow(
      new TypeError(
        `the value of metadata name "k" must not hold control characters, got ${JSON.stringify(value)}`,
      ),
    );
  });

  it.each(["", " edge ", "a\tb", "a,b", "é你😀", "\x80"])("may be %j", (value) => {
    expect(Metadata.pairs("k", value).get("k")).toEqual([value]);
  });

  it("lose lone surrogates to U+FFFD", () => {
    expect(Metadata.pairs("k", "a\ud800").get("k")).toEqual(["a\ufffd"]);
    expect(Metadata.fromReceived([["k", "a\ud800"]]).get("k")).toEqual(["a\ufffd"]);
  });

  it("are typed by the name, as far as it is known", () => {
    const metadata = new Metadata();
    expectTypeOf(metadata.get("k")).toEqualTypeOf<string[]>();
    expectTypeOf(metadata.get("k-bin")).toEqualTypeOf<Uint8Array[]>();
    expectTypeOf(metadata.get("K-BIN")).toEqualTypeOf<Uint8Array[]>();
    expectTypeOf(metadata.get("k" as string)).toEqualTypeOf<(string | Uint8Array)[]>();
    // @ts-expect-error text under a name of bytes
    expect(() => metadata.set("k-bin", "text")).toThrow(TypeError);
  });
});

describe("received metadata", () => {
  it("takes names and values as they come, fields of one name in order [C7]", () => {
    const metadata = Metadata.fromReceived([
      ["A!", "1"],
      [":authority", "host"],
      ["b", "x\0"],
      ["a!", "2"],
      ["grpc-status", "0"],
    ]);
    expect(metadata.fields()).toEqual([
      ["a!", "1"],
      ["a!", "2"],
      [":authority", "host"],
      ["b", "x\0"],
      ["grpc-status", "0"],
    ]);
    expect(metadata.clone().size).toBe(4);
  });

  it("decodes base64 of -bin names, padded or not, joined or not, and drops what is none [C4]", () => {
    const metadata = Metadata.fromReceived([
      ["k-bin", "AAH/"],
      ["k-bin", "AA,AQ==, Ag ,!!,"],
      ["k-bin", "!"],
      ["other-bin", "?"],
      ["x-Bin", new Uint8Array([7])],
    ]);
    expect(metadata.get("k-bin")).toEqual([
      bytes,
      ...[[0], [1], [2], []].map((list) => new Uint8Array(list)),
    ]);
    expect(metadata.has("other-bin")).toBe(false);
    expect(metadata.get("x-bin")).toEqual([new Uint8Array([7])]);
  });

  it("does not split text at commas", () => {
    expect(Metadata.fromReceived([["k", "a,b"]]).get("k")).toEqual(["a,b"]);
  });

  it("reads bytes of text as UTF-8, or else as Latin-1", () => {
    const metadata = Metadata.fromReceived([
      ["k", new TextEncoder().encode("\ufeffé你")],
      ["k", new Uint8Array([0x61, 0xe9])],
    ]);
    expect(metadata.get("k")).toEqual(["\ufeffé你", "aé"]);
  });
});
