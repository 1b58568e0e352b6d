import { describe, expect, it } from "vitest";
import {
  choice,
  fill,
  group,
  hardline,
  ifBroken,
  indent,
  join,
  type Layout,
  line,
  render,
  softline,
} from "./layout.ts";

const list = (items: readonly Layout[]): Layout =>
  group(["[", indent([softline, join([",", line], items), ifBroken(",")]), softline, "]"]);

describe("layout", () => {
  it("stays on one line where it fits, with what follows", () => {
    expect(render([list(["aa", "bb"]), ";"], 9)).toBe("[aa, bb];");
  });

  it("is broken everywhere in a group or nowhere, from the outside in", () => {
    expect(render([list(["aa", list(["b", "c"])]), ";"], 10)).toBe("[\n  aa,\n  [b, c],\n];");
    expect(render(list(["aa", list(["bbbb", "cccc"])]), 10)).toBe(
      "[\n  aa,\n  [\n    bbbb,\n    cccc,\n  ],\n]",
    );
  });

  it("is broken around a line that must be", () => {
    expect(render(list(["a", ["b", hardline, "c"]]), 80)).toBe("[\n  a,\n  b\n  c,\n]");
  });

  it("fills lines", () => {
    expect(render(indent([hardline, fill(["1", "22", "333", "4444"])]), 12)).toBe("\n  1, 22,\n  333, 4444");
    expect(render(group(fill(["1", "22"])), 80)).toBe("1, 22");
  });

  it("takes the first choice that fits", () => {
    const choose = choice("a long one", group(["b", hardline, "b"]), "c");
    expect(render(choose, 80)).toBe("a long one");
    expect(render(choose, 5)).toBe("b\nb");
  });

  it("leaves no blanks at the end of a line", () => {
    expect(render(indent(["a", hardline, hardline, "b"]), 80)).toBe("a\n\n  b");
  });
});
