import { describe, expect, it } from "vitest";
import type { Value } from "../src/index.ts";
import { definitionOf, errorsOf, modelOf, toldOf } from "./support.ts";

/** A value as plain data, short enough to compare by eye. */
function plain(value: Value | undefined): unknown {
  if (value === undefined) return undefined;
  switch (value.kind) {
    case "list":
      return value.items.map(plain);
    case "map":
      return value.entries.map(([key, each]) => [plain(key), plain(each)]);
    case "struct":
      return Object.fromEntries(value.fields.map(([field, each]) => [field.name, plain(each)]));
    case "enum":
      return value.member === undefined ? value.value : `${value.enum.name}.${value.member.name}`;
    default:
      return value.value;
  }
}

function valueOf(text: string, files?: Readonly<Record<string, string>>): unknown {
  return plain(definitionOf(modelOf(text, files), "const", "C").value);
}

describe("constants", () => {
  it("take the kind of their type, whatever they are written as", () => {
    expect(valueOf("const double C = 1")).toBe(1);
    expect(valueOf("const bool C = 1")).toBe(true);
    expect(valueOf("const bool C = false")).toBe(false);
    expect(valueOf("const i64 C = 5")).toBe(5n);
    expect(valueOf("enum E { A = 3 }\nconst E C = 3")).toBe("E.A");
    expect(valueOf("enum E { A = 3 }\nconst i16 C = E.A")).toBe(3n);
    expect(valueOf('const binary C = "x"')).toBe("x");
    expect(valueOf('const uuid C = "00112233-4455-6677-8899-AABBCCDDEEFF"')).toBe(
      "00112233-4455-6677-8899-aabbccddeeff",
    );
  });

  it("may be lists, sets, maps and structs, nested", () => {
    const text = `
      struct P { 1: i32 x, 2: optional list<P> ps }
      union U { 1: i32 a, 2: string b }
      const map<string, list<P>> C = {"k": [{"x": 1}, {"x": 2, "ps": [{"x": 3}]}], "e": []}
      const U D = {"b": "q"}
      const set<i32> E = [3, 1]
    `;
    expect(valueOf(text)).toEqual([
      ["k", [{ x: 1n }, { x: 2n, ps: [{ x: 3n }] }]],
      ["e", []],
    ]);
    const model = modelOf(text);
    expect(plain(definitionOf(model, "const", "D").value)).toEqual({ b: "q" });
    expect(plain(definitionOf(model, "const", "E").value)).toEqual([3n, 1n]);
  });

  it("refer to constants and enum values of this file and of included ones, in any order", () => {
    const files = { "b.thrift": "enum E { A, B = 7 }\nconst string S = 'far'\ntypedef E T" };
    const head = 'include "b.thrift"\ntypedef b.E Alias\n';
    expect(valueOf(`${head}const i32 C = D\nconst i32 D = 4`, files)).toBe(4n);
    expect(valueOf(`${head}const list<string> C = [b.S, "x"]`, files)).toEqual(["far", "x"]);
    expect(valueOf(`${head}const b.E C = b.E.B`, files)).toBe("E.B");
    expect(valueOf(`${head}const b.E C = Alias.B`, files)).toBe("E.B");
    expect(valueOf(`${head}const b.T C = b.T.B`, files)).toBe("E.B");
  });

  it("remember which constant they refer to, where that has the same type", () => {
    const model = modelOf(
      "typedef i32 Id\nconst i32 A = 1\nconst Id B = A\nconst i64 C = A\nconst list<i32> D = [A, B]",
    );
    const valueNamed = (name: string): Value => definitionOf(model, "const", name).value;
    expect(valueNamed("B")).toMatchObject({ value: 1n, constant: { name: "A" } });
    expect(valueNamed("C")).toEqual({ kind: "int", value: 1n });
    expect(valueNamed("D")).toMatchObject({
      items: [{ constant: { name: "A" } }, { constant: { name: "B" } }],
    });
  });

  it("complete a struct with what its value must have: defaults and zeros", () => {
    const text = `
      enum E { A = 1 }
      struct Inner { 1: required i32 n }
      struct S {
        1: required i32 a, 2: i32 b = 5, 3: i32 c, 4: optional i32 d = 6, 5: string e, 6: Inner f, 7: required string g = "h",
        8: list<i32> h, 9: E i, 10: bool j, 11: double k, 12: map<i32, i32> l, 13: uuid m
      }
      const S C = {"a": 1}`;
    expect(valueOf(text)).toEqual({
      a: 1n,
      b: 5n,
      c: 0n,
      e: "",
      g: "h",
      h: [],
      i: 0,
      j: false,
      k: 0,
      l: [],
      m: "00000000-0000-0000-0000-000000000000",
    });
  });

  it("take true and false as numbers, as Kitex does, with a warning", () => {
    expect(valueOf("const i32 C = true")).toBe(1n);
    expect(toldOf("const i32 C = true")).toEqual([
      "1:15 warning: expected an i32, found true; it is taken as 1 (write 1)",
    ]);
  });

  it("take empty brackets of either kind for an empty container", () => {
    expect(valueOf("const list<i32> C = {}")).toEqual([]);
    expect(valueOf("const map<i32, i32> C = []")).toEqual([]);
  });

  it("refuse what is not of their type, and say what was expected", () => {
    expect(
      toldOf(
        [
          "enum E { A, B }",
          "struct S { 1: required i32 a, 2: string name }",
          "union U { 1: i32 a, 2: i32 b }",
          'const i32 A = "x"',
          "const i8 B = 128",
          "const string D = 5",
          "const bool F = 2",
          "const double G = 'x'",
          "const list<i32> H = {1: 2}",
          "const map<i32, i32> I = [1]",
          "const E J = 7",
          "const E K = 'A'",
          "const S L = {name: 'x', \"a\": 1}",
          'const S M = {"nme": "x", "a": 1}',
          'const S N = {"name": "x"}',
          'const U O = {"a": 1, "b": 2}',
          "const U P = {}",
          'const uuid Q = "nope"',
          "const S R = 5",
          'const S T = {"a": 1, "a": 2}',
          "const double V = 1e999",
          "const i32 W = 1.5",
        ].join("\n"),
      ),
    ).toEqual([
      "4:15 error: expected an i32, found a string",
      "5:14 error: 128 does not fit i8, which goes from -128 to 127",
      "6:18 error: expected a string, found the number 5 (write it in quotes)",
      "7:16 error: expected a bool, found the number 2 (write true or false)",
      "8:18 error: expected a double, found a string",
      "9:21 error: expected a list<i32>, found a map (write [value, …])",
      "10:25 error: expected a map<i32, i32>, found a list (write {key: value, …})",
      "11:13 error: enum E has no value 7 (write E.A or E.B)",
      "12:13 error: expected a value of enum E, found a string (write E.A or E.B)",
      '13:14 error: expected a field name of S in quotes, found name (write "name")',
      '14:14 error: struct S has no field "nme" (did you mean "name"?)',
      '15:13 error: the required field "a" of S is missing in this value',
      "16:13 error: exactly one member of union U must be given (one of a, b)",
      "17:13 error: exactly one member of union U must be given (one of a, b)",
      '18:16 error: expected a uuid, found a string (write it like "00112233-4455-6677-8899-aabbccddeeff")',
      '19:13 error: expected a S, found the number 5 (write {"field": value, …})',
      '20:22 error: field "a" stands twice in this value of S',
      "21:18 error: this number is beyond what a double can hold",
      "22:15 error: expected an i32, found the number 1.5",
    ]);
  });

  it("refuse names that mean nothing, several things, or something of another type", () => {
    expect(
      toldOf(
        `include "E.thrift"
enum E { A, B }
enum F { A }
const list<i32> L = [1]
const E C1 = A
const E C2 = E.Z
const E C3 = F.A
const string C4 = L
const string C5 = hello
const i32 C6 = E.A
const double C7 = F.A`,
        { "E.thrift": "const i32 A = 1" },
      ),
    ).toEqual([
      '5:14 error: unknown value "A" (write E.A)',
      '6:14 error: unknown value "E.Z" (E has A, B)',
      "7:14 error: F.A is a value of enum F, expected an E",
      "8:19 error: L is a list<i32>, expected a string",
      '9:19 error: unknown value "hello" (for a text write it in quotes)',
      '10:16 error: "E.A" may mean 2 different values (rename the enum or the included file)',
      "11:19 error: F.A is a value of enum F, expected a double",
    ]);
  });

  it("refuse a key of a map or a value of a set twice", () => {
    expect(errorsOf('const map<string, i32> A = {"a": 1, "a": 2}\nconst set<i32> B = [1, 2, 1]')).toEqual([
      "this key of this map stands twice",
      "this value of this set stands twice",
    ]);
  });

  it("refuse to contain themselves", () => {
    expect(errorsOf("const i32 A = A")).toEqual(['the value of "A" contains itself']);
    expect(errorsOf("const i32 A = B\nconst i32 B = C\nconst i32 C = A")).toEqual([
      'the value of "A" contains itself',
    ]);
    expect(errorsOf("struct S { 1: required S s = {} }")).toEqual(['the value of "s" contains itself']);
  });

  it("refuse to grow without measure", () => {
    // The last is of another type than all before it, so each reference is evaluated anew.
    const steps = Array.from({ length: 40 }, (_, i) => {
      const type = `${"list<".repeat(i + 1)}${i < 39 ? "i32" : "i64"}${">".repeat(i + 1)}`;
      return `const ${type} C${i + 1} = [C${i}, C${i}, C${i}]`;
    }).join("\n");
    expect(errorsOf(`const i32 C0 = 1\n${steps}`).length).toBeGreaterThan(0);
    const chain = Array.from({ length: 5000 }, (_, i) => `const i32 C${i} = C${i + 1}`).join("\n");
    expect(errorsOf(`${chain}\nconst i32 C5000 = 1`)[0]).toBe(
      "values nest and refer to each other more than 300 deep",
    );
  });
});

describe("defaults", () => {
  it("are checked like constants, of arguments too", () => {
    const model = modelOf(
      "const i32 D = 3\nstruct S { 1: i32 a = D, 2: list<string> b = ['x'] }\nservice X { void f(1: i32 a = 4) }",
    );
    expect(definitionOf(model, "struct", "S").fields.map(({ defaultValue }) => plain(defaultValue))).toEqual([
      3n,
      ["x"],
    ]);
    expect(
      definitionOf(model, "service", "X").methods[0]?.arguments.map((a) => plain(a.defaultValue)),
    ).toEqual([4n]);
    expect(errorsOf("struct S { 1: i32 a = 'x', 2: Nix b = 5 }")).toEqual([
      "expected an i32, found a string",
      'unknown type "Nix"',
    ]);
  });
});
