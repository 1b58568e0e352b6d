import { describe, expect, it } from "vitest";
import {
  appendToOutgoingContext,
  Context,
  fromIncomingContext,
  fromOutgoingContext,
  getAllValues,
  hasMetaInfo,
  Metadata,
  newIncomingContext,
  newOutgoingContext,
  transferForward,
  withValue,
} from "./index.ts";

const bare = Context.background;

describe("outgoing metadata", () => {
  it("is attached to the context of a call, and can be read before it is sent [C5][C6]", () => {
    const context = newOutgoingContext(bare, Metadata.pairs("key1", "val1"));
    expect(fromOutgoingContext(context)?.fields()).toEqual([["key1", "val1"]]);
    expect(fromOutgoingContext(bare)).toBeUndefined();
  });

  it("is appended to: what was set first, then what was appended, in order, lower-cased [C3][C5]", () => {
    const base = newOutgoingContext(bare, Metadata.pairs("k", "1", "x", "2"));
    const context = appendToOutgoingContext(appendToOutgoingContext(base, "K", "3", "y", "4"), "k", "5");
    expect(fromOutgoingContext(context)?.fields()).toEqual([
      ["k", "1"],
      ["k", "3"],
      ["k", "5"],
      ["x", "2"],
      ["y", "4"],
    ]);
    expect(fromOutgoingContext(base)?.get("k")).toEqual(["1"]);
    expect(fromOutgoingContext(appendToOutgoingContext(bare, "k", "v"))?.get("k")).toEqual(["v"]);
  });

  it("is replaced by newOutgoingContext, with all that was appended", () => {
    const context = appendToOutgoingContext(bare, "k", "old");
    expect(fromOutgoingContext(newOutgoingContext(context, Metadata.pairs("n", "new")))?.fields()).toEqual([
      ["n", "new"],
    ]);
  });

  it("is a copy both ways", () => {
    const metadata = Metadata.pairs("k", "1");
    const context = newOutgoingContext(bare, metadata);
    metadata.append("k", "2");
    fromOutgoingContext(context)?.append("k", "3");
    expect(fromOutgoingContext(context)?.get("k")).toEqual(["1"]);
  });

  it("refuses an odd count, and what Metadata refuses", () => {
    expect(() => appendToOutgoingContext(bare, "k")).toThrow(RangeError);
    expect(() => appendToOutgoingContext(bare, "a b", "v")).toThrow(TypeError);
    expect(() => appendToOutgoingContext(bare, "grpc-status", "0")).toThrow(/reserved/);
  });

  it("makes a new context even when nothing is appended", () => {
    const context = appendToOutgoingContext(bare, "k", "v");
    expect(appendToOutgoingContext(context)).not.toBe(context);
    expect(fromOutgoingContext(appendToOutgoingContext(bare))?.size).toBe(0);
  });
});

describe("incoming metadata", () => {
  it("is read from the handler's context, the very object [C7]", () => {
    const metadata = Metadata.fromReceived([["k", "v"]]);
    const context = newIncomingContext(bare, metadata);
    expect(fromIncomingContext(withValue(context, "a", "b"))).toBe(metadata);
    expect(fromIncomingContext(bare)).toBeUndefined();
  });

  it("is never sent on by itself [C5][C7]", () => {
    const context = newIncomingContext(bare, Metadata.pairs("k", "v"));
    expect(fromOutgoingContext(context)).toBeUndefined();
    expect(fromIncomingContext(newOutgoingContext(bare, Metadata.pairs("k", "v")))).toBeUndefined();
  });

  it("is not metainfo, nor the other way round [B64]", () => {
    const context = withValue(
      newOutgoingContext(newIncomingContext(bare, Metadata.pairs("in", "1")), Metadata.pairs("out", "2")),
      "k",
      "v",
    );
    expect([...getAllValues(context)]).toEqual([["k", "v"]]);
    expect(fromIncomingContext(transferForward(context))?.fields()).toEqual([["in", "1"]]);
    expect(fromOutgoingContext(transferForward(context))?.fields()).toEqual([["out", "2"]]);
    expect(hasMetaInfo(newOutgoingContext(bare, Metadata.pairs("k", "v")))).toBe(false);
  });
});
