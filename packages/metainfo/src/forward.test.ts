import { describe, expect, it } from "vitest";
import {
  Context,
  countPersistentValues,
  countValues,
  delPersistentValue,
  delValue,
  forwardValues,
  getAllPersistentValues,
  getAllValues,
  getPersistentValue,
  getValue,
  getValueToMap,
  hasMetaInfo,
  rangePersistentValues,
  rangeValues,
  setMetaInfoFromMap,
  transferForward,
  withBackwardValues,
  withForwardValues,
  withPersistentValue,
  withPersistentValues,
  withTimeout,
  withValue,
  withValues,
} from "./index.ts";

const bare = Context.background;
const missing = undefined as unknown as Context;

/** A context with `uk` received and sent on under another value: the state that only a merge makes. */
const both = setMetaInfoFromMap(bare, { RPC_TRANSIT_UPSTREAM_uk: "old", RPC_TRANSIT_uk: "new" });

function visited(context: Context): string[] {
  const seen: string[] = [];
  rangeValues(context, (key, value) => {
    seen.push(`${key}=${value}`);
  });
  return seen;
}

function visitedPersistent(context: Context): string[] {
  const seen: string[] = [];
  rangePersistentValues(context, (key, value) => {
    seen.push(`${key}=${value}`);
  });
  return seen;
}

describe("a single write", () => {
  it("returns a new context that has the value, and leaves the old one as it was [D6][D12][D14]", () => {
    const context = withPersistentValue(withValue(bare, "k", "t"), "k", "p");
    expect(getValue(context, "k")).toBe("t");
    expect(getPersistentValue(context, "k")).toBe("p");
    expect(getValue(bare, "k")).toBeUndefined();
    expect(getPersistentValue(bare, "k")).toBeUndefined();
  });

  it("takes keys as they are, letter case included [D1]", () => {
    const context = withValues(bare, "Key", "1", "key", "2", "KEY", "3");
    expect([...getAllValues(context)]).toEqual([
      ["Key", "1"],
      ["key", "2"],
      ["KEY", "3"],
    ]);
  });

  it("keeps transient and persistent values of one key apart [D5]", () => {
    const context = withPersistentValue(withValue(bare, "k", "t"), "k", "p");
    expect(getValue(delPersistentValue(context, "k"), "k")).toBe("t");
    expect(getPersistentValue(delValue(context, "k"), "k")).toBe("p");
  });

  it("ignores an empty key or value and returns the same context [D2]", () => {
    const context = withPersistentValue(withValue(bare, "k", "t"), "k", "p");
    expect(withValue(context, "", "x")).toBe(context);
    expect(withValue(context, "k", "")).toBe(context);
    expect(withPersistentValue(context, "", "x")).toBe(context);
    expect(withPersistentValue(context, "k", "")).toBe(context);
    expect(getValue(context, "k")).toBe("t");
    expect(hasMetaInfo(withValue(bare, "k", ""))).toBe(false);
  });

  it("returns the same context for the value it has already", () => {
    const context = withPersistentValue(withValue(bare, "k", "t"), "k", "p");
    expect(withValue(context, "k", "t")).toBe(context);
    expect(withPersistentValue(context, "k", "p")).toBe(context);
  });

  it("replaces a value in its place and puts new ones at the end", () => {
    const pairs = ["a", "1", "b", "2", "c", "3"];
    const context = withPersistentValues(withValues(bare, ...pairs), ...pairs);
    expect(visited(withValue(withValue(context, "b", "x"), "d", "4"))).toEqual(["a=1", "b=x", "c=3", "d=4"]);
    expect(visitedPersistent(withPersistentValue(withPersistentValue(context, "b", "x"), "d", "4"))).toEqual([
      "a=1",
      "b=x",
      "c=3",
      "d=4",
    ]);
  });

  it("makes a received value travel on, at the end, even when it is equal [D5]", () => {
    const received = transferForward(withValues(bare, "a", "1", "b", "2"));
    const context = withValue(withValue(received, "c", "3"), "a", "1");
    expect(context).not.toBe(received);
    expect(visited(context)).toEqual(["b=2", "c=3", "a=1"]);
    expect([...getAllValues(transferForward(context)).keys()]).toEqual(["c", "a"]);
  });

  it("leaves one entry of a key that was both received and to be sent", () => {
    const context = withValue(both, "uk", "newest");
    expect(getValue(context, "uk")).toBe("newest");
    expect(visited(context)).toEqual(["uk=newest"]);
    expect(withValue(both, "uk", "new")).not.toBe(both);
    expect(countValues(withValue(both, "uk", "new"))).toBe(1);
  });

  it("stores a lone surrogate as U+FFFD, in keys and values, and finds it under either", () => {
    const context = withPersistentValue(withValue(bare, "k\ud800", "\udc00v"), "k", "a\ud800b");
    expect(getValue(context, "k\ud800")).toBe("\ufffdv");
    expect(getValue(context, "k\ufffd")).toBe("\ufffdv");
    expect(getPersistentValue(context, "k")).toBe("a\ufffdb");
    expect(getValue(withValue(bare, "k", "😀"), "k")).toBe("😀");
    expect(hasMetaInfo(context) && getValue(delValue(context, "k\udfff"), "k\ud800")).toBeUndefined();
  });

  it("says what is wrong with a key or a value that is not a string", () => {
    expect(() => withValue(bare, "k", 1 as never)).toThrow(
      new TypeError('the value of metainfo key "k" must be a string, got number'),
    );
    expect(() => withPersistentValue(bare, null as never, "v")).toThrow(
      new TypeError("a metainfo key must be a string, got null"),
    );
    expect(() => withValues(bare, "k", undefined as never)).toThrow(TypeError);
  });
});

describe("a batch of writes", () => {
  it("applies pairs from left to right, skips empty ones, and ends with the last value of a key [D2][D12]", () => {
    const pairs = ["a", "1", "", "x", "b", "", "b", "2", "a", "3"];
    expect(visited(withValues(bare, ...pairs))).toEqual(["a=3", "b=2"]);
    expect(visitedPersistent(withPersistentValues(bare, ...pairs))).toEqual(["a=3", "b=2"]);
  });

  it("takes received values back into those that travel", () => {
    const received = transferForward(withValues(bare, "a", "1", "b", "2"));
    expect([...forwardValues(withValues(received, "b", "2")).transient.keys()]).toEqual(["b"]);
    expect([...forwardValues(withValues(received, "b", "2")).upstream.keys()]).toEqual(["a"]);
  });

  it("throws a RangeError for an odd count, before anything else", () => {
    expect(() => withValues(bare, "a", "1", "b")).toThrow(RangeError);
    expect(() => withPersistentValues(bare, "a")).toThrow(/withPersistentValues .* must be even, got 1/);
    expect(() => withValues(missing, "a")).toThrow(RangeError);
  });

  it("returns the same context for no pairs, and a new one otherwise, even when nothing changes", () => {
    const context = withValues(bare, "a", "1");
    expect(withValues(context)).toBe(context);
    expect(withPersistentValues(context)).toBe(context);
    expect(withValues(context, "a", "1")).not.toBe(context);
    expect(withPersistentValues(bare, "", "x")).not.toBe(bare);
  });

  it("marks the context as one with metainfo even when every pair was skipped [D17]", () => {
    expect(hasMetaInfo(withValues(bare, "", "x"))).toBe(true);
    expect(hasMetaInfo(withValues(bare))).toBe(false);
  });
});

describe("a delete", () => {
  it("removes a value from the new context only [D6][D13]", () => {
    const context = withPersistentValue(withValue(bare, "k", "t"), "k", "p");
    expect(getValue(delValue(context, "k"), "k")).toBeUndefined();
    expect(getPersistentValue(delPersistentValue(context, "k"), "k")).toBeUndefined();
    expect(getValue(context, "k")).toBe("t");
    expect(getPersistentValue(context, "k")).toBe("p");
  });

  it("removes a received value, and both values of a key that was received and to be sent [D13]", () => {
    const received = transferForward(withValue(bare, "k", "v"));
    expect(getValue(delValue(received, "k"), "k")).toBeUndefined();
    expect(getValue(delValue(both, "uk"), "uk")).toBeUndefined();
    expect(countValues(delValue(both, "uk"))).toBe(0);
  });

  it("returns the same context for an empty or absent key", () => {
    const context = withPersistentValue(withValue(bare, "k", "t"), "p", "p");
    for (const key of ["", "p", "x"]) expect(delValue(context, key)).toBe(context);
    for (const key of ["", "k", "x"]) expect(delPersistentValue(context, key)).toBe(context);
    expect(delValue(bare, "k")).toBe(bare);
  });

  it("leaves a context that has metainfo, though empty [D17]", () => {
    expect(hasMetaInfo(delValue(withValue(bare, "k", "v"), "k"))).toBe(true);
    expect(hasMetaInfo(delPersistentValue(withPersistentValue(bare, "k", "v"), "k"))).toBe(true);
  });
});

describe("reading", () => {
  it("prefers the transient value over the received one [D5][D15]", () => {
    expect(getValue(both, "uk")).toBe("new");
    expect([...getAllValues(both)]).toEqual([["uk", "new"]]);
  });

  it("gives all values as fresh maps, empty when there are none [D15]", () => {
    const context = withPersistentValue(withValue(bare, "a", "1"), "b", "2");
    getAllValues(context).set("a", "x");
    getAllPersistentValues(context).clear();
    expect([...getAllValues(context)]).toEqual([["a", "1"]]);
    expect([...getAllPersistentValues(context)]).toEqual([["b", "2"]]);
    expect(getAllValues(bare).size).toBe(0);
    expect(getAllPersistentValues(bare).size).toBe(0);
  });

  it("visits received values, then transient ones, a key in both twice [D16]", () => {
    const context = withForwardValues(both, { upstream: new Map([["u", "1"]]) });
    expect(visited(context)).toEqual(["uk=old", "u=1", "uk=new"]);
    expect(countValues(context)).toBe(3);
  });

  it("stops visiting when told so, and only then [D16]", () => {
    const seen: string[] = [];
    const received = transferForward(withValues(bare, "a", "1", "b", "2"));
    rangeValues(withValue(received, "c", "3"), (key) => seen.push(key) < 2);
    expect(seen).toEqual(["a", "b"]);
    seen.length = 0;
    rangeValues(withValue(received, "c", "3"), (key) => seen.push(key) < 3);
    expect(seen).toEqual(["a", "b", "c"]);
    seen.length = 0;
    rangePersistentValues(withPersistentValues(bare, "a", "1", "b", "2"), (key) => seen.push(key) < 1);
    expect(seen).toEqual(["a"]);
  });

  it("counts persistent values apart", () => {
    const context = withPersistentValues(withValue(bare, "a", "1"), "b", "2", "c", "3");
    expect(countPersistentValues(context)).toBe(2);
    expect(countValues(context)).toBe(1);
    expect(countPersistentValues(bare)).toBe(0);
  });

  it("copies the values of some keys into a map and leaves the rest of it alone", () => {
    const context = withValue(transferForward(withValues(bare, "a", "1", "b", "2")), "c", "3");
    const map = new Map([
      ["b", "before"],
      ["absent", "stays"],
    ]);
    getValueToMap(context, map, "b", "c", "absent", "other");
    expect([...map]).toEqual([
      ["b", "2"],
      ["absent", "stays"],
      ["c", "3"],
    ]);
    const record = {};
    getValueToMap(withValue(context, "__proto__", "x"), record, "a", "__proto__");
    expect(Object.entries(record)).toEqual([
      ["a", "1"],
      ["__proto__", "x"],
    ]);
    getValueToMap(context, undefined as never, "a");
    getValueToMap(bare, map, "b");
    getValueToMap(context, map);
    expect(map.size).toBe(3);
  });

  it("is safe for keys such as __proto__ and constructor", () => {
    const context = withPersistentValues(withValues(bare, "__proto__", "1"), "constructor", "2");
    expect(getValue(context, "__proto__")).toBe("1");
    expect(getValue(context, "constructor")).toBeUndefined();
    expect(getPersistentValue(context, "constructor")).toBe("2");
    expect([...getAllValues(context)]).toEqual([["__proto__", "1"]]);
  });
});

describe("transferForward", () => {
  it("makes transient values received ones, drops what was received, keeps persistent ones [D3][D4][D20]", () => {
    const context = withPersistentValue(withValue(bare, "k", "t"), "k", "p");
    const once = transferForward(context);
    expect([getValue(once, "k"), getPersistentValue(once, "k")]).toEqual(["t", "p"]);
    const twice = transferForward(once);
    expect([getValue(twice, "k"), getPersistentValue(twice, "k")]).toEqual([undefined, "p"]);
    expect(getValue(context, "k")).toBe("t");
  });

  it("keeps only what was overwritten in between [D3][D4]", () => {
    const first = withPersistentValue(withValue(bare, "A", "t0"), "A", "p0");
    const second = withPersistentValue(withValue(first, "A", "t"), "A", "p");
    const third = withValue(transferForward(second), "B", "new");
    const fourth = transferForward(third);
    expect([...getAllValues(fourth)]).toEqual([["B", "new"]]);
    expect([...getAllPersistentValues(fourth)]).toEqual([["A", "p"]]);
  });

  it("returns the same context when there is no metainfo, and a new one otherwise [D17][D20]", () => {
    expect(transferForward(bare)).toBe(bare);
    const emptied = withValues(bare, "", "x");
    expect(transferForward(emptied)).not.toBe(emptied);
    expect(hasMetaInfo(transferForward(emptied))).toBe(true);
  });

  it("drops a persistent value only where a service deletes it [D4]", () => {
    let context = withPersistentValues(bare, "keep", "1", "drop", "2");
    for (let hop = 0; hop < 3; hop++) context = transferForward(context);
    context = transferForward(delPersistentValue(context, "drop"));
    expect([...getAllPersistentValues(context).keys()]).toEqual(["keep"]);
  });
});

describe("siblings", () => {
  it("never see each other's values [D6]", () => {
    const parent = withValues(bare, "a", "1", "b", "2", "c", "3");
    const one = withValue(parent, "d", "one");
    const other = withValue(parent, "d", "other");
    expect(visited(one)).toEqual(["a=1", "b=2", "c=3", "d=one"]);
    expect(visited(other)).toEqual(["a=1", "b=2", "c=3", "d=other"]);
    expect(visited(parent)).toEqual(["a=1", "b=2", "c=3"]);
  });

  it("see what was derived before them, whatever it was", () => {
    const context = withTimeout(withValue(withBackwardValues(bare), "a", "1"), 1000);
    expect(getValue(withPersistentValue(context, "b", "2"), "a")).toBe("1");
  });
});

describe("a missing context", () => {
  it("has no metainfo and stays missing", () => {
    expect(withValue(missing, "k", "v")).toBeUndefined();
    expect(withValues(missing, "k", "v")).toBeUndefined();
    expect(withPersistentValue(missing, "k", "v")).toBeUndefined();
    expect(withPersistentValues(missing, "k", "v")).toBeUndefined();
    expect(delValue(missing, "k")).toBeUndefined();
    expect(delPersistentValue(missing, "k")).toBeUndefined();
    expect(transferForward(missing)).toBeUndefined();
    expect(withForwardValues(missing, { transient: new Map([["k", "v"]]) })).toBeUndefined();
    expect(getValue(missing, "k")).toBeUndefined();
    expect(getPersistentValue(missing, "k")).toBeUndefined();
    expect(getAllValues(missing).size).toBe(0);
    expect(getAllPersistentValues(missing).size).toBe(0);
    expect(countValues(missing)).toBe(0);
    expect(countPersistentValues(missing)).toBe(0);
    expect(hasMetaInfo(missing)).toBe(false);
    expect(visited(missing)).toEqual([]);
    expect(visitedPersistent(missing)).toEqual([]);
  });
});

describe("a framework", () => {
  it("reads what travels with a call without copying, both kinds at once [A2][D8]", () => {
    const received = transferForward(withValues(bare, "u", "1"));
    const context = withPersistentValue(withValue(received, "t", "2"), "p", "3");
    const values = forwardValues(context);
    expect([...values.persistent]).toEqual([["p", "3"]]);
    expect([...values.transient]).toEqual([["t", "2"]]);
    expect([...values.upstream]).toEqual([["u", "1"]]);
    expect(forwardValues(context)).toBe(values);
    expect(forwardValues(bare).persistent.size).toBe(0);
  });

  it("has read it once: what is set afterwards does not get in [A1]", () => {
    const context = withValue(bare, "k", "v");
    const values = forwardValues(context);
    withValues(withPersistentValue(context, "p", "late"), "k", "late", "l", "late");
    delValue(context, "k");
    expect([...values.transient]).toEqual([["k", "v"]]);
    expect(values.persistent.size).toBe(0);
  });

  it("puts what it received on the handler's context, where it is read like anything else [A3][D7]", () => {
    const context = transferForward(
      withForwardValues(bare, { transient: new Map([["t", "1"]]), persistent: new Map([["p", "2"]]) }),
    );
    expect(getValue(context, "t")).toBe("1");
    expect(getPersistentValue(context, "p")).toBe("2");
    expect(getValue(context, "absent")).toBeUndefined();
    expect(forwardValues(context).transient.size).toBe(0);
  });

  it("merges received values over those of the context, each key space by itself, in order", () => {
    const base = withPersistentValue(withValues(bare, "a", "1", "b", "2"), "a", "p");
    const context = withForwardValues(base, {
      transient: new Map([
        ["c", "3"],
        ["a", "x"],
        ["", "no"],
        ["no", ""],
      ]),
    });
    expect(visited(context)).toEqual(["a=x", "b=2", "c=3"]);
    expect(getPersistentValue(context, "a")).toBe("p");
    expect(visited(base)).toEqual(["a=1", "b=2"]);
  });

  it("leaves out invalid entries also when the context had none, and mends lone surrogates", () => {
    const given = new Map([
      ["", "no"],
      ["k\ud800", "v\ud800"],
      ["no", ""],
    ]);
    const context = withForwardValues(bare, { persistent: given });
    expect(visitedPersistent(context)).toEqual(["k\ufffd=v\ufffd"]);
    expect(given.size).toBe(3);
    expect(withForwardValues(bare, { persistent: new Map([["k", ""]]) })).toBe(bare);
    expect(withForwardValues(bare, {})).toBe(bare);
  });

  it("is told when a received value is not a string", () => {
    const first = new Map([["k", 1]]) as unknown as Map<string, string>;
    const later = new Map<string, unknown>([
      ["", "skipped"],
      ["k", null],
    ]) as Map<string, string>;
    expect(() => withForwardValues(bare, { transient: first })).toThrow(/"k" must be a string, got number/);
    expect(() => withForwardValues(bare, { transient: later })).toThrow(/"k" must be a string, got null/);
  });
});
