import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildModel, formatDiagnostic, SourceFile } from "../src/index.ts";
import { printIdl } from "./print-idl.ts";
import { idlArbitrary } from "./random-idl.ts";

/** Set to search longer. */
const runs = Number(process.env["FUZZ_RUNS"] ?? 1500);

/** Builds the model, and holds what is true whatever the text is. */
function check(text: string): void {
  const { model, diagnostics } = buildModel([new SourceFile("a.thrift", text)], { read: () => text });
  expect(model === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
  for (const diagnostic of diagnostics) {
    const { start, end, source } = diagnostic.span;
    expect(start).toBeLessThanOrEqual(end);
    expect(end).toBeLessThanOrEqual(source.text.length);
    expect(diagnostic.message).not.toMatch(/[\n\r]|undefined|\[object/);
    expect(formatDiagnostic(diagnostic)).toMatch(/^[^\n]+:\d+:\d+: (?:error|warning): /);
  }
}

const pieces = [
  ..."{}()[]<>=:,;*&\"'#/\\.-+0123456789 \n\r\t\uFEFF\uD800é".split(""),
  ..."/* */ // struct union exception enum service const typedef include namespace extends throws oneway void".split(
    " ",
  ),
  ..."required optional list<i32> map<string,i32> set<string> 0x1F 1e9 .5 -7 true A A.B streaming.mode".split(
    " ",
  ),
  ...[
    '(streaming.mode="client")',
    '"a.thrift"',
    "'",
    "1: i32 a",
    "struct A {",
    "senum",
    "slist",
    "cpp_type",
    "xsd_attrs",
  ],
];
const wordy = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((list) => list.join(""));
const spaced = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((list) => list.join(" "));

const valid = idlArbitrary.map((idl) =>
  printIdl(idl, { separator: ",", quote: '"', comment: "//", lineBreak: "\n" }),
);

/** A few places of a text, replaced by pieces or left out. */
const mutated = fc
  .tuple(
    valid,
    fc.array(fc.record({ at: fc.nat(), length: fc.nat(20), piece: fc.constantFrom("", ...pieces) }), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((result, { at, length, piece }) => {
      const start = at % (result.length + 1);
      return result.slice(0, start) + piece + result.slice(start + length);
    }, text),
  );

describe("any text at all", () => {
  it("gives a model or errors at places within it", { timeout: 20_000 + runs * 10 }, () => {
    const anyText = fc.oneof(wordy, spaced, fc.string({ unit: "binary" }), mutated);
    fc.assert(fc.property(anyText, check), { numRuns: runs });
  });

  it("takes time in proportion to its length", () => {
    const long: Readonly<Record<string, string>> = {
      "open braces": "struct A {".repeat(20_000),
      "open brackets": `const i32 A = ${"[".repeat(60_000)}`,
      "open types": `const ${"list<".repeat(30_000)}`,
      "open annotations": `struct A { 1: i32 a ${"(a=".repeat(30_000)}`,
      "unclosed strings": `"\n${'\\"\n'.repeat(30_000)}`,
      "unclosed comments": "/*".repeat(60_000),
      "many comments": `struct A {\n${"// a\n".repeat(60_000)}}`,
      "digits and dots": "1.".repeat(60_000),
      "one long word": "a".repeat(500_000),
      "unknown characters": "@".repeat(60_000),
      "one long line": `struct A {${" 1: Nix a,".repeat(20_000)}}`,
      "many definitions": Array.from({ length: 20_000 }, (_, i) => `struct A${i} { 1: A${i} a }`).join("\n"),
      "many unknown types": Array.from({ length: 20_000 }, (_, i) => `struct A${i} { 1: B${i} a }`).join(
        "\n",
      ),
      "many enum values": `enum A {${Array.from({ length: 30_000 }, (_, i) => `A${i}`).join()}}`,
      "broken statements": "struct\n".repeat(30_000),
      "broken fields": `struct A {${"1 : ".repeat(30_000)}}`,
    };
    for (const [name, text] of Object.entries(long)) {
      const before = performance.now();
      check(text);
      // Each takes some ten milliseconds; what grows with the square of the length would take minutes.
      expect(performance.now() - before, name).toBeLessThan(10_000);
    }
  });
});
