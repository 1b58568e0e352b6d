import { describe, expect, it } from "vitest";
import { formatDiagnostic, SourceFile } from "../src/index.ts";
import { build } from "./support.ts";

describe("formatDiagnostic", () => {
  const format = (text: string): readonly string[] => build(text).diagnostics.map((d) => formatDiagnostic(d));

  it("shows file, line, column, the source line, a caret, and what to write", () => {
    expect(format("struct Request {\n  1: required Strin message\n}")).toEqual([
      [
        'a.thrift:2:15: error: unknown type "Strin"',
        "  2 |   1: required Strin message",
        "    |               ^~~~~",
        '    = did you mean "string"?',
      ].join("\n"),
    ]);
  });

  it("keeps the caret below its place behind tabs, and cuts a span that goes over several lines", () => {
    expect(format("\tconst i32 A = [1,\n2]")).toEqual([
      [
        "a.thrift:1:16: error: expected an i32, found a list",
        "  1 |  const i32 A = [1,",
        "    |                ^~~",
      ].join("\n"),
    ]);
  });

  it("cuts a long line around the place", () => {
    const [text = ""] = format(`struct S { ${" ".repeat(5000)}1: Nix a${" ".repeat(5000)} }`);
    const [, line = "", marks = ""] = text.split("\n");
    expect(line.length).toBeLessThan(180);
    expect(line.slice(marks.indexOf("^"), marks.indexOf("^") + 3)).toBe("Nix");
  });

  it("shows no control characters of the file", () => {
    const [text = ""] = format('const i32 A = "\u001b[31m\u0007"');
    expect(text).toContain('= "·[31m·"');
  });

  it("marks its parts as asked", () => {
    const { diagnostics } = build("struct S { i32 a, 2: Nix b }");
    const style = {
      error: (s: string): string => `<e>${s}</e>`,
      warning: (s: string): string => `<w>${s}</w>`,
      strong: (s: string): string => `<b>${s}</b>`,
      faint: (s: string): string => s,
    };
    expect(diagnostics.map((d) => formatDiagnostic(d, style).split("\n")[0])).toEqual([
      '<b>a.thrift:1:16:</b> <w>warning:</w> <b>"a" has no field id; it gets 1, and another one when fields move</b>',
      '<b>a.thrift:1:22:</b> <e>error:</e> <b>unknown type "Nix"</b>',
    ]);
  });
});

describe("SourceFile", () => {
  it("counts lines at every kind of line break, and columns from 1", () => {
    const source = new SourceFile("a.thrift", "ab\ncd\r\nef\rgh");
    expect([0, 2, 3, 7, 8, 10, 12, 99].map((at) => Object.values(source.position(at)))).toEqual([
      [1, 1],
      [1, 3],
      [2, 1],
      [3, 1],
      [3, 2],
      [4, 1],
      [4, 3],
      [4, 3],
    ]);
    expect([1, 2, 3, 4, 5].map((line) => source.lineText(line))).toEqual(["ab", "cd", "ef", "gh", ""]);
  });
});
