import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildModel, formatDiagnostic, SourceFile } from "../src/index.ts";
import { printIdl } from "./print-idl.ts";
import { describeFile, idlArbitrary } from "./random-idl.ts";

const layout = fc.record({
  separator: fc.constantFrom(",", ";", ""),
  quote: fc.constantFrom('"', "'"),
  comment: fc.constantFrom("//", "#", "/*"),
  lineBreak: fc.constantFrom("\n", "\r\n"),
});

describe("round trip", () => {
  it("reads back every model it can be given, however it is laid out", () => {
    fc.assert(
      fc.property(idlArbitrary, layout, (idl, style) => {
        const text = printIdl(idl, style);
        const { model, diagnostics } = buildModel([new SourceFile("a.thrift", text)]);
        const errors = diagnostics.filter(({ severity }) => severity === "error");
        expect(errors.map((d) => formatDiagnostic(d))).toEqual([]);
        expect(model?.roots.map(describeFile)).toEqual([idl]);
      }),
      { numRuns: 200 },
    );
  });
});
