import { describe, expect, it } from "vitest";
import { bodyOf, moduleOf, toldOf } from "./support.ts";

describe("names", () => {
  it("give way, with a warning, where TypeScript or the generated code needs them", () => {
    expect(
      toldOf("struct class {}\nenum Map { A }\nstruct Map_ {}\nconst i32 t = 1\nstruct then {}"),
    ).toEqual([
      '1:8 warning: definition "class" is called class_ in TypeScript, since class is taken',
      '2:6 warning: definition "Map" is called Map__ in TypeScript, since Map is taken',
      '4:11 warning: definition "t" is called t_ in TypeScript, since t is taken',
    ]);
  });

  it("of imports give way to those of the IDL", () => {
    const module = moduleOf("struct Struct {}\nstruct struct {}");
    expect(module).toContain(
      'import { type Struct as Struct_, struct as struct_ } from "@slipstream/thrift/codegen";',
    );
    expect(module).toContain('export const struct: Struct_<struct> = struct_("struct", () => []);');
  });

  it("of files become identifiers that nothing else has", () => {
    const files = { "my-file.2.thrift": "struct A {}", "class.thrift": "struct A {}" };
    const text = `include "my-file.2.thrift"\ninclude "class.thrift"
      struct my_file_2 { 1: my_file_2 a, 2: class.A b }`;
    expect(moduleOf(text, {}, files)).toContain('import * as class_ from "./class.js";');
  });

  it("of methods are in camel case, and the name on the wire stays", () => {
    const body = bodyOf(
      "service X { void Echo() void get_user() void HTTPGet() void URL() void __internal() }",
    );
    for (const [property, name] of [
      ["echo", "Echo"],
      ["getUser", "get_user"],
      ["httpGet", "HTTPGet"],
      ["url", "URL"],
      ["__internal", "__internal"],
    ]) {
      expect(body).toContain(`  ${property}: m.pingpong("${name}", [], m.void),`);
    }
  });

  it("of methods stay as in the IDL where another method has the one in camel case", () => {
    const text = "service X { void Echo() void echo() void get_it() void GetIt() }";
    expect(toldOf(text)).toEqual([
      '1:18 warning: method "Echo" is called Echo in TypeScript, since echo is taken',
      '1:56 warning: method "GetIt" is called GetIt in TypeScript, since getIt is taken',
    ]);
  });

  it("of inherited methods are the same in the service that inherits", () => {
    const text = "service Base { void Echo() }\nservice X extends Base { void echo(), void ECHO() }";
    const body = bodyOf(text);
    expect(body).toContain('  echo: m.pingpong("Echo", [], m.void),');
    expect(body).toContain('  echo_: m.pingpong("echo", [], m.void),');
    expect(body).toContain('  ECHO: m.pingpong("ECHO", [], m.void),');
  });

  it("that would change what an object is are kept off properties", () => {
    const body = bodyOf("struct S { 1: i32 __proto__, 2: i32 constructor }\nservice X { void Then() }");
    expect(body).toContain('t.field(1, "__proto___", t.i32, { name: "__proto__" })');
    expect(body).toContain('t.field(2, "constructor_", t.i32, { name: "constructor" })');
    expect(body).toContain('then_: m.pingpong("Then", [], m.void)');
  });
});

describe("comments", () => {
  it("carry over, and cannot end early", () => {
    expect(bodyOf("// a */ b\nstruct S {\n  # c\n  #\n  # d\n  1: i32 a\n}")).toBe(`/** a *\\/ b */
export interface S {
  /**
   * c
   *
   * d
   */
  a: number;
}
export const S: Struct<S> = struct("S", (t) => [t.field(1, "a", t.i32)]);
`);
  });

  it("say what is deprecated", () => {
    const body = bodyOf('struct S { 1: i32 a (deprecated), 2: i32 b (deprecated = "use a") } // old\n');
    expect(body).toContain("  /** @deprecated */\n  a: number;");
    expect(body).toContain("  /** @deprecated use a */\n  b: number;");
    expect(body).toContain("/** old */");
  });
});

describe("order", () => {
  it("is that of the IDL, except for what a module needs while it is loaded", () => {
    const body = bodyOf(`
      service X extends Y { S f(1: list<E> es = [E.B]) throws (1: Ex ex) }
      typedef Alias2 Alias
      typedef S Alias2
      const i32 A = B
      const i32 B = 1
      struct S { 1: i32 a = A }
      enum E { A, B }
      exception Ex {}
      service Y {}
    `);
    expect([...body.matchAll(/^export const (\w+)/gm)].map(([, name]) => name)).toEqual([
      "Y",
      "S",
      "E",
      "Ex",
      "X",
      "Alias2",
      "Alias",
      "B",
      "A",
    ]);
  });
});

describe("values", () => {
  it("of strings come in the quotes that need fewer backslashes", () => {
    const body = bodyOf(
      String.raw`const list<string> A = ["plain", "it's", 'a "b"', "\"'", "\n\\", "\u2028é"]`,
    );
    expect(body).toContain(String.raw`["plain", "it's", 'a "b"', "\"'", "\n\\", "\\u2028é"]`);
  });

  it("of maps cannot set a prototype", () => {
    expect(moduleOf('const map<string, i32> A = {"__proto__": 1, "a b": 2}')).toContain(
      '{ ["__proto__"]: 1, "a b": 2 }',
    );
  });

  it("of binary are the bytes of the text", () => {
    expect(moduleOf('const binary A = "é"')).toContain(
      "export const A: Uint8Array = new Uint8Array([195, 169]);",
    );
  });

  it("of an enum without a zero are a zero all the same", () => {
    expect(moduleOf("enum E { A = 1 }\nstruct S { 1: E e }\nconst S C = {}")).toContain(
      "{ e: 0 as number as E }",
    );
  });
});

describe("the same model", () => {
  it("gives the same text wherever it lies and however often it is printed", () => {
    const text = "struct A { 1: B b }\nstruct B {}\nservice X { A f(1: B b) }";
    expect(moduleOf(text)).toBe(moduleOf(text));
    expect(moduleOf(text)).not.toContain(process.cwd());
  });
});
