import { describe, expect, it } from "vitest";
import { recent } from "./recent.ts";

describe("recent", () => {
  it("computes once what comes again, forgets when it holds many, and never keeps long texts", () => {
    const computed: string[] = [];
    const lengthOf = recent((text) => {
      computed.push(text);
      return text.length;
    });
    const long = "x".repeat(1000);
    for (let i = 0; i < 2; i++) expect([lengthOf("one"), lengthOf(long)]).toEqual([3, 1000]);
    expect(computed).toEqual(["one", long, long]);
    for (let i = 0; i < 1000; i++) lengthOf(`other ${i}`);
    computed.length = 0;
    expect(lengthOf("one")).toBe(3);
    expect(computed).toEqual(["one"]);
  });

  it("does not keep an error", () => {
    let fails = true;
    const compute = recent((text) => {
      if (fails) throw new TypeError(text);
      return text;
    });
    expect(() => compute("k")).toThrow(TypeError);
    fails = false;
    expect(compute("k")).toBe("k");
  });
});
