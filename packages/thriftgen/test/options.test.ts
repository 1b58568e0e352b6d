import { describe, expect, it } from "vitest";
import { bodyOf, generateFrom, moduleOf, toldOf } from "./support.ts";

describe("i64", () => {
  const text = "struct S { 1: i64 a = 5, 2: map<i64, list<i64>> b }\nconst i64 C = -7";

  it("is a bigint", () => {
    expect(bodyOf(text)).toBe(`export interface S {
  a: bigint;
  b: Map<bigint, bigint[]>;
}
export const S: Struct<S> = struct("S", (t) => [
  t.field(1, "a", t.i64, { default: 5n }),
  t.field(2, "b", t.map(t.i64, t.list(t.i64))),
]);

export const C: bigint = -7n;
`);
  });

  it("is a number if asked", () => {
    expect(bodyOf(text, { i64: "number" })).toBe(`export interface S {
  a: number;
  b: Map<number, number[]>;
}
export const S: Struct<S> = struct("S", (t) => [
  t.field(1, "a", t.i64Number, { default: 5 }),
  t.field(2, "b", t.map(t.i64Number, t.list(t.i64Number))),
]);

export const C: number = -7;
`);
  });

  it("cannot be a number where a value is too large for one", () => {
    const large = "const i64 MAX = 9007199254740991\nconst list<i64> MORE = [9007199254740992]";
    expect(toldOf(large, { i64: "number" })).toEqual([
      "2:17 error: 9007199254740992 is no safe integer, so it cannot be a number",
    ]);
    expect(generateFrom(large, { i64: "number" }).files).toEqual([]);
  });
});

describe("field names", () => {
  const text = `
    struct S { 1: i32 foo_bar, 2: i32 fooBar, 3: i32 URL, 4: optional i32 HTTP_Code = 3 }
    union U { 1: i32 some_case }
    exception E { 1: i32 Stack }
    service X { void f(1: i32 first_argument, 2: S foo_bar) throws (1: E some_error) }
    const S C = {"foo_bar": 1, "URL": 2}
    const U D = {"some_case": 1}`;

  it("are those of the IDL", () => {
    const body = bodyOf(text);
    for (const name of ["foo_bar", "URL", "HTTP_Code?", "Stack", "first_argument"])
      expect(body).toContain(`${name}: `);
    expect(body).not.toContain("name:");
  });

  it("are in camel case if asked, and the descriptor remembers those of the IDL", () => {
    const body = bodyOf(text, { fieldNames: "camelCase" });
    expect(body).toContain('t.field(1, "foo_bar", t.i32)');
    expect(body).toContain('t.field(3, "url", t.i32, { name: "URL" })');
    expect(body).toContain('t.optional(4, "httpCode", t.i32, { name: "HTTP_Code", default: 3 })');
    expect(body).toContain('{ case: "someCase"; value: number }');
    expect(body).toContain('t.field(1, "Stack", t.i32)');
    expect(body).toContain("{ firstArgument: number; fooBar: S }");
    expect(body).toContain('t.field(1, "firstArgument", t.i32, { name: "first_argument" })');
    expect(body).toContain("{ foo_bar: 1, fooBar: 0, url: 2 }");
    expect(body).toContain('{ case: "someCase", value: 1 }');
  });

  it("are told where they cannot be had", () => {
    expect(toldOf(text, { fieldNames: "camelCase" })).toEqual([
      '2:23 warning: field "foo_bar" is called foo_bar in TypeScript, since fooBar is taken',
      '4:26 warning: field "Stack" is called Stack in TypeScript, since stack is taken',
    ]);
  });
});

describe("imports between generated files", () => {
  const text = 'include "b.thrift"\ninclude "sub/c.thrift"\nstruct S { 1: b.B b, 2: c.C c }';
  const files = {
    "b.thrift": "struct B {}",
    "sub/c.thrift": 'include "../b.thrift"\ntypedef list<b.B> Bs\nstruct C { 1: Bs bs }',
  };

  it.each([
    [undefined, "./b.js", "../b.js"],
    [".ts", "./b.ts", "../b.ts"],
    ["", "./b", "../b"],
  ] as const)("end in %s", (importExtension, beside, above) => {
    const options = importExtension === undefined ? {} : { importExtension };
    expect(moduleOf(text, options, files)).toContain(`import * as b from "${beside}";`);
    const other = generateFrom(text, options, files).files.find(({ path }) => path === "sub/c.ts");
    expect(other?.text).toContain(`import * as b from "${above}";`);
  });

  it("reach files that are included only by included files, where a typedef needs them", () => {
    const module = moduleOf('include "sub/c.thrift"\nstruct S { 1: c.Bs bs }', {}, files);
    expect(module).toContain('import * as b from "./b.js";\nimport * as c from "./sub/c.js";');
    expect(module).toContain("bs: c.Bs;");
    expect(module).toContain('t.field(1, "bs", t.list(b.B))');
  });
});

describe("root", () => {
  const files = { "deep/b.thrift": "" };
  const paths = (text: string, root?: string): readonly string[] =>
    generateFrom(text, root === undefined ? {} : { root }, files).files.map(({ path }) => path);

  it("is the deepest directory that has all files", () => {
    expect(paths("")).toEqual(["a.ts"]);
    expect(paths('include "deep/b.thrift"')).toEqual(["deep/b.ts", "a.ts"]);
  });

  it("may be set, and must have all files", () => {
    const above = process.cwd().split(/[/\\]/).at(-1);
    expect(paths("", "..")).toEqual([`${above}/a.ts`]);
    expect(() => paths("", "deep")).toThrow("a.thrift lies outside of the root directory deep");
  });

  it("refuses two files that would become one module", () => {
    expect(() => generateFrom('include "a.idl"', {}, { "a.idl": "" })).toThrow(
      "a.idl and a.thrift would both become a.ts; rename one of them",
    );
  });
});
