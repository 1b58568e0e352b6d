import { describe, expect, it } from "vitest";
import {
  Context,
  countPersistentValues,
  countValues,
  delValue,
  forwardValues,
  getAllPersistentValues,
  getAllValues,
  getPersistentValue,
  getValue,
  hasMetaInfo,
  PREFIX_BACKWARD,
  PREFIX_BACKWARD_DOWNSTREAM,
  PREFIX_PERSISTENT,
  PREFIX_TRANSIENT,
  PREFIX_TRANSIENT_UPSTREAM,
  saveMetaInfoToMap,
  setMetaInfoFromMap,
  transferForward,
  withPersistentValue,
  withValue,
  withValues,
} from "./index.ts";

const bare = Context.background;
const base = withPersistentValue(
  withValue(transferForward(withValue(bare, "uk", "uv")), "tk", "tv"),
  "pk",
  "pv",
);

function saved(context: Context): Record<string, string> {
  const map = new Map<string, string>();
  saveMetaInfoToMap(context, map);
  return Object.fromEntries(map);
}

describe("the prefixes", () => {
  it("are those of Kitex [D10]", () => {
    expect(PREFIX_PERSISTENT).toBe("RPC_PERSIST_");
    expect(PREFIX_TRANSIENT).toBe("RPC_TRANSIT_");
    expect(PREFIX_TRANSIENT_UPSTREAM).toBe("RPC_TRANSIT_UPSTREAM_");
    expect(PREFIX_BACKWARD).toBe("RPC_BACKWARD_");
    expect(PREFIX_BACKWARD_DOWNSTREAM).toBe("RPC_BACKWARD_DOWNSTREAM_");
  });
});

describe("setMetaInfoFromMap", () => {
  it("sorts entries by prefix and ignores all others [D18]", () => {
    const context = setMetaInfoFromMap(bare, {
      RPC_TRANSIT_UPSTREAM_u: "1",
      RPC_TRANSIT_t: "2",
      RPC_PERSIST_p: "3",
      RPC_BACKWARD_b: "4",
      RPC_BACKWARD_DOWNSTREAM_d: "5",
      other: "6",
      rpc_persist_x: "7",
    });
    const { upstream, transient, persistent } = forwardValues(context);
    expect([[...upstream], [...transient], [...persistent]]).toEqual([
      [["u", "1"]],
      [["t", "2"]],
      [["p", "3"]],
    ]);
  });

  it("merges over what the context has, within each key space [D18]", () => {
    const context = setMetaInfoFromMap(base, {
      RPC_TRANSIT_UPSTREAM_xk: "xv",
      RPC_TRANSIT_yk: "yv",
      RPC_PERSIST_zk: "zv",
      RPC_TRANSIT_uk: "vv",
    });
    expect([...getAllValues(context)]).toEqual([
      ["uk", "vv"],
      ["xk", "xv"],
      ["tk", "tv"],
      ["yk", "yv"],
    ]);
    expect(getValue(context, "uk")).toBe("vv");
    expect(countPersistentValues(context)).toBe(2);
    expect(countValues(context)).toBe(5);
    expect(getValue(base, "uk")).toBe("uv");
  });

  it("keeps the order: what was there first, then the map's own", () => {
    const context = setMetaInfoFromMap(withValues(bare, "a", "1", "b", "2"), {
      RPC_TRANSIT_z: "3",
      RPC_TRANSIT_a: "4",
      RPC_TRANSIT_y: "5",
    });
    expect([...getAllValues(context)]).toEqual([
      ["a", "4"],
      ["b", "2"],
      ["z", "3"],
      ["y", "5"],
    ]);
  });

  it("strips one prefix and keeps the rest as it is", () => {
    const context = setMetaInfoFromMap(bare, {
      RPC_PERSIST_RPC_PERSIST_k: "1",
      "RPC_TRANSIT_Foo-bar_Baz": "2",
      RPC_TRANSIT_UPSTREAMX: "3",
    });
    expect([...getAllPersistentValues(context)]).toEqual([["RPC_PERSIST_k", "1"]]);
    expect([...forwardValues(context).transient]).toEqual([
      ["Foo-bar_Baz", "2"],
      ["UPSTREAMX", "3"],
    ]);
  });

  it.each([
    ["the bare prefix of upstream values", { RPC_TRANSIT_UPSTREAM_: "x" }],
    ["the bare prefix of transient values", { RPC_TRANSIT_: "x" }],
    ["the bare prefix of persistent values", { RPC_PERSIST_: "x" }],
    ["a prefix in lower case", { rpc_transit_a: "1" }],
    ["an empty value", { RPC_TRANSIT_a: "" }],
    ["nothing", {}],
  ])("finds nothing in %s and returns the same context [D2][D18]", (_, map) => {
    expect(setMetaInfoFromMap(bare, map)).toBe(bare);
    expect(setMetaInfoFromMap(bare, new Map(Object.entries(map)))).toBe(bare);
  });

  it("returns a new context when the old one had entries, even when the map has nothing to add", () => {
    expect(setMetaInfoFromMap(base, { other: "x" })).not.toBe(base);
    expect(setMetaInfoFromMap(base, {})).toBe(base);
    expect(setMetaInfoFromMap(base, undefined)).toBe(base);
    const emptied = delValue(withValue(bare, "k", "v"), "k");
    expect(setMetaInfoFromMap(emptied, { other: "x" })).toBe(emptied);
  });

  it("does not transfer forward", () => {
    const context = setMetaInfoFromMap(bare, { RPC_TRANSIT_k: "v" });
    expect(saved(context)).toEqual({ RPC_TRANSIT_k: "v" });
  });

  it("reads __proto__ as any other key, and mends lone surrogates", () => {
    const context = setMetaInfoFromMap(bare, JSON.parse('{"__proto__": "x", "RPC_PERSIST___proto__": "y"}'));
    expect([...getAllPersistentValues(context)]).toEqual([["__proto__", "y"]]);
    expect(getPersistentValue(setMetaInfoFromMap(bare, { RPC_PERSIST_k: "\ud800" }), "k")).toBe("\ufffd");
  });

  it("leaves a missing context missing", () => {
    expect(setMetaInfoFromMap(undefined as never, { RPC_PERSIST_k: "v" })).toBeUndefined();
  });
});

describe("saveMetaInfoToMap", () => {
  it("writes what travels, with prefixes, and leaves received values out [A2][D8][D19]", () => {
    expect(saved(base)).toEqual({ RPC_TRANSIT_tk: "tv", RPC_PERSIST_pk: "pv" });
    expect(getValue(base, "uk")).toBe("uv");
  });

  it("writes nothing that was only received, until it is set again [D3][D19]", () => {
    const received = transferForward(withValue(bare, "k", "v"));
    expect(saved(received)).toEqual({});
    expect(saved(withValue(received, "k", "v"))).toEqual({ RPC_TRANSIT_k: "v" });
  });

  it("never clears the map, and overwrites equal keys", () => {
    const map = new Map([
      ["other", "stays"],
      ["RPC_TRANSIT_tk", "old"],
    ]);
    saveMetaInfoToMap(base, map);
    expect(Object.fromEntries(map)).toEqual({ other: "stays", RPC_TRANSIT_tk: "tv", RPC_PERSIST_pk: "pv" });
  });

  it("writes keys and values as they are", () => {
    const context = withPersistentValue(withValue(bare, "a b:你\n", "\0"), "__proto__", "x");
    expect(saved(context)).toEqual({ "RPC_TRANSIT_a b:你\n": "\0", RPC_PERSIST___proto__: "x" });
  });

  it("writes to objects too", () => {
    const record: Record<string, string> = { other: "stays" };
    saveMetaInfoToMap(base, record);
    expect(record).toEqual({ other: "stays", RPC_TRANSIT_tk: "tv", RPC_PERSIST_pk: "pv" });
  });

  it("does nothing without a context, metainfo or a map", () => {
    const map = new Map([["k", "v"]]);
    saveMetaInfoToMap(undefined as never, map);
    saveMetaInfoToMap(bare, map);
    saveMetaInfoToMap(base, undefined);
    expect([...map]).toEqual([["k", "v"]]);
  });

  it("carries metainfo over three hops: transient values one, persistent values all [A2][A3][D3][D4][D7][D8][D9]", () => {
    function hop(context: Context): Context {
      const wire = new Map<string, string>();
      saveMetaInfoToMap(context, wire);
      return transferForward(setMetaInfoFromMap(bare, wire));
    }
    const first = hop(withPersistentValue(withValue(bare, "t", "1"), "p", "2"));
    expect([getValue(first, "t"), getPersistentValue(first, "p")]).toEqual(["1", "2"]);
    const second = hop(first);
    expect([getValue(second, "t"), getPersistentValue(second, "p")]).toEqual([undefined, "2"]);
    expect(hasMetaInfo(hop(second))).toBe(true);
    expect(getPersistentValue(hop(second), "p")).toBe("2");
  });
});
