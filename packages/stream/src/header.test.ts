import { Metadata } from "@slipstream/metainfo";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RpcError } from "./errors.ts";
import { Header, HeaderBuilder, type HeaderInit, toFields } from "./header.ts";
import { isHiddenName, isReservedName } from "./names.ts";

describe("Header", () => {
  const header = new Header([
    ["a", "1"],
    ["A", "2"],
    ["a", "3"],
    ["a", Uint8Array.of(4)],
    ["b-bin", Uint8Array.of(5)],
  ]);

  it("gets the last text of exactly a name", () => {
    expect([header.get("a"), header.get("A"), header.get("b-bin"), header.get("c")]).toEqual([
      "3",
      "2",
      undefined,
      undefined,
    ]);
  });

  it("gives its entries in order, any number of times", () => {
    expect([...header]).toEqual([...header.entries()]);
    expect(header.size).toBe(5);
  });

  it("reads as gRPC metadata: lower-case names, lists, bytes", () => {
    expect(header.metadata.get("a").slice(0, 3)).toEqual(["1", "2", "3"]);
    expect(header.metadata.get("b-bin")).toEqual([Uint8Array.of(5)]);
  });

  it("makes a record of its text, safe for any name", () => {
    const record = new Header([
      ["__proto__", "x"],
      ["k", "1"],
      ["k", "2"],
    ]).toRecord();
    expect(Object.entries(record)).toEqual([
      ["__proto__", "x"],
      ["k", "2"],
    ]);
    expect(Object.getPrototypeOf(record)).toBeNull();
  });
});

describe("toFields", () => {
  it("takes records, headers and metadata", () => {
    expect(toFields({ b: "2", a: "1" })).toEqual([
      ["b", "2"],
      ["a", "1"],
    ]);
    expect(toFields(new Header([["K", "v"]]))).toEqual([["K", "v"]]);
    expect(toFields(Metadata.pairs("K", "1", "k", "2"))).toEqual([
      ["k", "1"],
      ["k", "2"],
    ]);
  });

  it("replaces lone surrogates, as a wire would", () => {
    expect(toFields({ "k\ud800": "v\udc00v" })).toEqual([["k\ufffd", "v\ufffdv"]]);
  });

  it("refuses empty and reserved names, and values that are neither text nor bytes", () => {
    const bad: readonly HeaderInit[] = [
      { "": "v" },
      { "grpc-status": "0" },
      { "Content-Type": "x" },
      { ":path": "/" },
      { "Slipstream-Meta": "x" },
      { "rpc-transit-a": "x" },
      { RPC_PERSIST_A: "x" },
      { "biz-extra": "x" },
      { k: 1 } as never,
      { k: undefined } as never,
      { k: ["a"] } as never,
    ];
    for (const init of bad) expect(() => toFields(init)).toThrow(RpcError);
  });
});

describe("names", () => {
  it("reserves what wires use, in any letter case, and not what only looks like it", () => {
    const reserved = ["te", "TE", "Grpc-Timeout", "slipstream", "biz-status", ":authority", "rpc-backward-x"];
    const free = ["tea", "grpc-trace-bin", "grpc-tags-bin", "biz-other", "rpc-other", "rpc_x", "date", "x:y"];
    expect(reserved.filter((name) => !isReservedName(name))).toEqual([]);
    expect(free.filter(isReservedName)).toEqual([]);
  });

  it("hides every reserved name, and those that wires write by themselves", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        if (isReservedName(name) && name.toLowerCase() !== "te") expect(isHiddenName(name)).toBe(true);
      }),
    );
    expect(
      ["date", "user-agent", "rpc-other", "biz-other", "grpc-status"].filter((name) => !isHiddenName(name)),
    ).toEqual([]);
    expect(["grpc-trace-bin", "dated", "k"].filter(isHiddenName)).toEqual([]);
  });
});

describe("HeaderBuilder", () => {
  it("replaces all earlier values of a name, which keeps its place", () => {
    const builder = new HeaderBuilder();
    builder.set(Metadata.pairs("a", "1", "a", "2", "b", "3"));
    builder.set({ c: "4" });
    builder.set({ a: "5" });
    expect(builder.build()).toEqual([
      ["a", "5"],
      ["b", "3"],
      ["c", "4"],
    ]);
  });

  it("takes nothing of an init that has something wrong in it", () => {
    const builder = new HeaderBuilder();
    builder.set({ a: "1" });
    expect(() => builder.set({ a: "2", "grpc-status": "0" })).toThrow(RpcError);
    expect(builder.build()).toEqual([["a", "1"]]);
  });

  it("leaves the one it started from as it was", () => {
    const base = new HeaderBuilder();
    base.set({ a: "1" });
    const builder = new HeaderBuilder(base);
    builder.set({ a: "2", b: "3" });
    expect([base.build(), base.isEmpty, new HeaderBuilder().isEmpty]).toEqual([[["a", "1"]], false, true]);
  });

  it("is a map of the last values, whatever is set in whatever order", () => {
    const name = fc.constantFrom("a", "B", "__proto__", "constructor");
    const record = fc.dictionary(name, fc.string({ unit: "grapheme" }), { noNullPrototype: false });
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const builder = new HeaderBuilder();
        const model = new Map<string, string>();
        for (const init of records) {
          builder.set(init);
          for (const [key, value] of Object.entries(init)) model.set(key, value);
        }
        expect(builder.build()).toEqual([...model]);
      }),
    );
  });
});
