import { describe, expect, it } from "vitest";
import {
  allBackwardValuesToSend,
  Context,
  getAllBackwardValues,
  getBackwardValue,
  getBackwardValueToSend,
  hasMetaInfo,
  recvAllBackwardValues,
  recvBackwardValue,
  sendBackwardValue,
  sendBackwardValues,
  sendBackwardValuesFromMap,
  setBackwardValue,
  setBackwardValues,
  setBackwardValuesFromMap,
  transferForward,
  withBackwardValues,
  withBackwardValuesToSend,
  withPersistentValue,
  withValue,
} from "./index.ts";

const bare = Context.background;

const sides = {
  receiving: {
    attach: withBackwardValues,
    one: setBackwardValue,
    several: setBackwardValues,
    fromMap: setBackwardValuesFromMap,
    read: recvBackwardValue,
    all: recvAllBackwardValues,
  },
  sending: {
    attach: withBackwardValuesToSend,
    one: sendBackwardValue,
    several: sendBackwardValues,
    fromMap: sendBackwardValuesFromMap,
    read: getBackwardValueToSend,
    all: allBackwardValuesToSend,
  },
};

describe.each([
  { ...sides.receiving, side: "receiving", ids: "[D24][D25][D26]" },
  { ...sides.sending, side: "sending", ids: "[D28][D29][D30]" },
])("backward values, $side", ({ ids, attach, one, several, fromMap, read, all }) => {
  it(`are stored on a marked context and read from it ${ids}`, () => {
    const context = attach(bare);
    expect(one(context, "a", "1")).toBe(true);
    expect(several(context, "b", "2", "c", "3")).toBe(true);
    expect(fromMap(context, { d: "4" })).toBe(true);
    expect(fromMap(context, new Map([["a", "again"]]))).toBe(true);
    expect(read(context, "a")).toBe("again");
    expect([...all(context)]).toEqual([
      ["a", "again"],
      ["b", "2"],
      ["c", "3"],
      ["d", "4"],
    ]);
  });

  it(`written through a derived context are seen from the first one ${ids}`, () => {
    const context = attach(bare);
    const derived = withPersistentValue(transferForward(withValue(context, "k", "v")), "p", "v");
    expect(one(attach(derived), "a", "1")).toBe(true);
    expect(read(context, "a")).toBe("1");
  });

  it(`have nowhere to go on a context that was not marked ${ids}`, () => {
    expect(one(bare, "a", "1")).toBe(false);
    expect(several(bare, "a", "1")).toBe(false);
    expect(fromMap(bare, { a: "1" })).toBe(false);
    expect(read(bare, "a")).toBeUndefined();
    expect(all(bare).size).toBe(0);
  });

  it("mark a context once", () => {
    const context = attach(bare);
    expect(attach(context)).toBe(context);
    const derived = withValue(context, "k", "v");
    expect(attach(derived)).toBe(derived);
  });

  it("are not stored by a batch without values, with an odd count, or from an empty map", () => {
    const context = attach(bare);
    expect(several(context)).toBe(false);
    expect(several(context, "a", "1", "b")).toBe(false);
    expect(fromMap(context, {})).toBe(false);
    expect(fromMap(context, new Map())).toBe(false);
    expect(fromMap(context, undefined as never)).toBe(false);
    expect(all(context).size).toBe(0);
  });

  it("may be empty, keys and values, and an empty value is not an absent one", () => {
    const context = attach(bare);
    expect(one(context, "", "")).toBe(true);
    expect(several(context, "k", "")).toBe(true);
    expect(read(context, "")).toBe("");
    expect(read(context, "k")).toBe("");
    expect(read(context, "x")).toBeUndefined();
  });

  it("are given as copies", () => {
    const context = attach(bare);
    one(context, "a", "1");
    const copy = all(context);
    one(context, "b", "2");
    copy.set("c", "3");
    expect([...all(context).keys()]).toEqual(["a", "b"]);
    expect([...copy.keys()]).toEqual(["a", "c"]);
  });

  it("are safe for __proto__ and mend lone surrogates", () => {
    const context = attach(bare);
    fromMap(context, JSON.parse('{"__proto__": "1"}'));
    one(context, "k\ud800", "v\ud800");
    expect(read(context, "__proto__")).toBe("1");
    expect(read(context, "constructor")).toBeUndefined();
    expect(read(context, "k\ud800")).toBe("v\ufffd");
  });

  it("of a batch are stored all or not at all", () => {
    const context = attach(bare);
    expect(() => several(context, "a", "1", "b", 2 as never)).toThrow(/key "b" must be a string, got number/);
    expect(all(context).size).toBe(0);
  });

  it("need a context", () => {
    const missing = undefined as unknown as Context;
    expect(() => attach(missing)).toThrow(new TypeError("backward values need a Context, got undefined"));
    expect(() => one(missing, "a", "1")).toThrow(TypeError);
    expect(() => several(null as never)).toThrow(TypeError);
    expect(() => fromMap(missing, {})).toThrow(TypeError);
    expect(() => read(missing, "a")).toThrow(TypeError);
    expect(() => all(missing)).toThrow(TypeError);
  });
});

describe("backward values", () => {
  it("to send cannot be received from the same context, nor the other way round [D29]", () => {
    const context = withBackwardValuesToSend(withBackwardValues(bare));
    sendBackwardValue(context, "s", "1");
    setBackwardValue(context, "r", "2");
    expect(recvBackwardValue(context, "s")).toBeUndefined();
    expect(getBackwardValueToSend(context, "r")).toBeUndefined();
    expect(sendBackwardValue(withBackwardValues(bare), "k", "v")).toBe(false);
    expect(setBackwardValue(withBackwardValuesToSend(bare), "k", "v")).toBe(false);
  });

  it("are also read under their old names [D27]", () => {
    const context = withBackwardValues(bare);
    setBackwardValue(context, "a", "1");
    expect(getBackwardValue(context, "a")).toBe("1");
    expect([...getAllBackwardValues(context)]).toEqual([["a", "1"]]);
  });

  it("are no forward metainfo", () => {
    expect(hasMetaInfo(withBackwardValuesToSend(withBackwardValues(bare)))).toBe(false);
  });

  it("of unrelated contexts are apart", () => {
    const one = withBackwardValues(bare);
    const other = withBackwardValues(bare);
    setBackwardValue(one, "a", "1");
    expect(recvBackwardValue(other, "a")).toBeUndefined();
  });
});
