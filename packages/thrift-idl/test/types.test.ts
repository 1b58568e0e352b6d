import { describe, expect, it } from "vitest";
import { formatType, resolveType } from "../src/index.ts";
import { definitionOf, errorsOf, modelOf, toldOf } from "./support.ts";

describe("types", () => {
  it("finds names before and behind their use, and in included files", () => {
    const model = modelOf(
      'include "sub/base.thrift"\nstruct S { 1: T a, 2: base.Item b, 3: S c }\ntypedef list<base.Id> T',
      {
        "sub/base.thrift": "struct Item {}\ntypedef i64 Id",
      },
    );
    const [a, b, c] = definitionOf(model, "struct", "S").fields.map(({ type }) => type);
    expect(a && formatType(resolveType(a))).toBe("list<Id>");
    expect(b?.kind === "struct" && b.definition.file.path).toBe("sub/base.thrift");
    expect(c?.kind === "struct" && c.definition).toBe(definitionOf(model, "struct", "S"));
  });

  it("guesses what an unknown type was meant to be", () => {
    const files = { "base.thrift": 'include "deep.thrift"\nstruct Item {}', "deep.thrift": "struct Far {}" };
    expect(
      toldOf(
        `include "base.thrift"
struct Request {
  1: Reqest a, 2: int b, 3: Item c, 4: base.Itm d, 5: Far e, 6: Zebra f, 7: void g, 8: X h, 9: uint64 i
}
service X {}`,
        files,
      ),
    ).toEqual([
      '3:6 error: unknown type "Reqest" (did you mean "Request"?)',
      '3:19 error: unknown type "int" (write i32)',
      '3:29 error: unknown type "Item" (write base.Item)',
      '3:40 error: unknown type "base.Itm" (did you mean "base.Item"?)',
      '3:55 error: unknown type "Far" (include the file that defines it, "deep.thrift", directly)',
      '3:65 error: unknown type "Zebra" (define it, or include the file that defines it)',
      '3:77 error: unknown type "void" (only a method can be void)',
      '3:88 error: "X" is a service, not a type',
      '3:96 error: unknown type "uint64" (write i64)',
    ]);
  });

  it("refuses a second definition of a name, whatever it is", () => {
    expect(toldOf("struct A {}\nenum A { X }\nservice A {}")).toEqual([
      '2:6 error: "A" is defined twice (its first definition is in line 1; rename one of them)',
      '3:9 error: "A" is defined twice (its first definition is in line 1; rename one of them)',
    ]);
  });

  it("refuses typedefs that lead back to themselves, also through containers", () => {
    expect(errorsOf("typedef A A")).toEqual(['typedef "A" leads back to itself: A -> A']);
    expect(errorsOf("typedef B A\ntypedef C B\ntypedef A C\nstruct S { 1: A a = 5 }")).toEqual([
      'typedef "A" leads back to itself: A -> B -> C -> A',
    ]);
    expect(errorsOf("typedef C X\ntypedef list<D> C\ntypedef map<string, C> D")).toEqual([
      'typedef "C" leads back to itself: C -> D -> C',
    ]);
  });

  it("lets structs contain themselves and each other", () => {
    expect(toldOf("struct A { 1: optional A a, 2: list<B> b }\nstruct B { 1: optional A a }")).toEqual([]);
  });

  it("refuses typedefs that grow without measure", () => {
    const doubling = Array.from({ length: 40 }, (_, i) => `typedef map<T${i}, T${i}> T${i + 1}`).join("\n");
    expect(errorsOf(`typedef i32 T0\n${doubling}`).every((e) => e.includes("at most 1000 parts"))).toBe(true);
    const chain = Array.from({ length: 20_000 }, (_, i) => `typedef T${i + 1} T${i}`).join("\n");
    expect(errorsOf(`${chain}\ntypedef i32 T20000`)[0]).toMatch(/nest at most 100 deep/);
  });
});

describe("fields", () => {
  it("refuses an id or a name twice, and names the first", () => {
    expect(toldOf("struct S {\n  1: i32 a\n  1: i32 b\n  2: i32 a\n}")).toEqual([
      '3:3 error: field id 1 is used twice ("a" in line 2 has it)',
      '4:10 error: field name "a" is used twice ("a" in line 2 has it)',
    ]);
  });

  it("gives an implicit id as thriftgo does, and warns", () => {
    const text = "struct S { 5: i32 a, i32 b, i32 c }";
    expect(
      definitionOf(modelOf(text), "struct", "S").fields.map(({ id, implicitId }) => [id, implicitId]),
    ).toEqual([
      [5, false],
      [6, true],
      [7, true],
    ]);
    expect(toldOf(text)).toEqual([
      '1:26 warning: "b" has no field id; it gets 6, and another one when fields move (write "6: " before it)',
      '1:33 warning: "c" has no field id; it gets 7, and another one when fields move (write "7: " before it)',
    ]);
  });

  it("refuses ids that do not fit 16 bits, and warns of those that are not positive", () => {
    expect(
      toldOf("struct S {\n 32767: i32 a\n 32768: i32 b\n -32768: i32 c\n 0: i32 d\n -99999: i32 e }"),
    ).toEqual([
      "3:2 error: a field id is from -32768 to 32767, not 32768 (write a number from 1 to 32767)",
      "4:2 warning: field id -32768 is not positive (write a number from 1 to 32767)",
      "5:2 warning: field id 0 is not positive (write a number from 1 to 32767)",
      "6:2 error: a field id is from -32768 to 32767, not -99999 (write a number from 1 to 32767)",
    ]);
    expect(errorsOf("struct S { 32767: i32 a, i32 b }")).toEqual([
      'there is no field id behind 32767 for "b"',
    ]);
  });

  it("takes members of unions as optional", () => {
    const text = "union U { 1: required i32 a, 2: string b }";
    expect(definitionOf(modelOf(text), "union", "U").fields.map(({ requiredness }) => requiredness)).toEqual([
      "optional",
      "optional",
    ]);
    expect(toldOf(text)).toEqual([
      '1:27 warning: a member of a union cannot be required; "a" is taken as optional',
    ]);
  });

  it("refuses two defaults in a union and warns of one", () => {
    expect(toldOf("union U { 1: i32 a = 1, 2: i32 b }")).toEqual([
      '1:18 warning: the default of "a" has no effect in a union',
    ]);
    expect(errorsOf("union U { 1: i32 a = 1, 2: i32 b = 2 }")).toEqual([
      '"b" is the second member of this union with a default',
    ]);
  });
});

describe("enums", () => {
  it("refuses a name or a number twice", () => {
    expect(errorsOf("enum E { A = 1, B, C = 2, A = 7 }")).toEqual([
      "C and B are both 2 in enum E",
      '"A" stands twice in enum E',
    ]);
  });

  it("refuses numbers that do not fit 32 bits, implicit ones too", () => {
    expect(toldOf("enum E { A = 0x7FFFFFFF, B }\nenum F { A = -2147483649 }")).toEqual([
      "1:26 error: B = 2147483648 does not fit an enum, whose values are from -2147483648 to 2147483647 (for a larger number write a constant of type i64)",
      "2:14 error: A = -2147483649 does not fit an enum, whose values are from -2147483648 to 2147483647 (for a larger number write a constant of type i64)",
    ]);
  });
});

describe("includes", () => {
  it("looks beside the including file, then in the search directories, then as written", async () => {
    const { buildModel, SourceFile } = await import("../src/index.ts");
    const asked: string[] = [];
    const source = new SourceFile(
      "idl/api/a.thrift",
      'include "../common/base.thrift"\nstruct S { 1: base.B b }',
    );
    const { model } = buildModel([source], {
      includeDirs: ["third/party", "/abs"],
      read(path) {
        asked.push(path);
        return path === "/common/base.thrift" ? "struct B {}" : undefined;
      },
    });
    expect(asked).toEqual(["idl/common/base.thrift", "third/common/base.thrift", "/common/base.thrift"]);
    expect(model?.files.map(({ path }) => path)).toEqual(["/common/base.thrift", "idl/api/a.thrift"]);
  });

  it("reads a file once that several include, and puts it before them", () => {
    const model = modelOf('include "b.thrift"\ninclude "c.thrift"', {
      "b.thrift": 'include "d.thrift"',
      "c.thrift": 'include "./d.thrift"',
      "d.thrift": "",
    });
    expect(model.files.map(({ path }) => path)).toEqual(["d.thrift", "b.thrift", "c.thrift", "a.thrift"]);
    expect(model.roots.map(({ path }) => path)).toEqual(["a.thrift"]);
  });

  it("tells a file that is not there, where it was looked for, and nothing that follows from it", () => {
    expect(
      toldOf(
        'include "x/base.thrift"\nstruct S { 1: base.T a, 2: base.E b = base.E.A }\nservice X extends base.Y {}',
      ),
    ).toEqual(['1:9 error: cannot find the included file "x/base.thrift" (looked for x/base.thrift)']);
  });

  it("refuses files that include each other in a circle", () => {
    const files = { "b.thrift": 'include "c.thrift"', "c.thrift": 'include "b.thrift"' };
    expect(toldOf('include "b.thrift"', files)).toEqual([
      "1:9 error: files include each other in a circle: b.thrift -> c.thrift -> b.thrift (move what both need into a third file)",
    ]);
    expect(errorsOf('include "a.thrift"')).toEqual([
      "files include each other in a circle: a.thrift -> a.thrift",
    ]);
  });

  it("limits how deep files include each other", () => {
    const files: Record<string, string> = {};
    for (let i = 0; i < 1000; i++) files[`f${i}.thrift`] = `include "f${i + 1}.thrift"`;
    expect(errorsOf('include "f0.thrift"', files)).toEqual(["files include each other at most 200 deep"]);
  });

  it("finds a name in whichever of two files of the same base name has it", () => {
    const model = modelOf(
      'include "x/base.thrift"\ninclude "y/base.thrift"\nstruct S { 1: base.X a, 2: base.Y b }',
      {
        "x/base.thrift": "struct X {}",
        "y/base.thrift": "struct Y {}",
      },
    );
    expect(definitionOf(model, "struct", "S").fields.map(({ type }) => formatType(type))).toEqual(["X", "Y"]);
  });

  it("reports the errors of included files with their own place", async () => {
    const { formatDiagnostic } = await import("../src/index.ts");
    const { build } = await import("./support.ts");
    const { diagnostics } = build('include "b.thrift"\nstruct S { 1: b.T t }', {
      "b.thrift": "\n  typedef Nix T",
    });
    expect(diagnostics.map((d) => formatDiagnostic(d))).toEqual([
      [
        'b.thrift:2:11: error: unknown type "Nix"',
        "  2 |   typedef Nix T",
        "    |           ^~~",
        "    = define it, or include the file that defines it",
      ].join("\n"),
    ]);
  });
});
