import { describe, expect, it } from "vitest";
import { formatType, packageOf, resolveType } from "../src/index.ts";
import { build, definitionOf, errorsOf, modelOf, toldOf } from "./support.ts";

describe("headers", () => {
  it("takes namespaces of every language, of all of them, quoted ones and annotated ones", () => {
    const model = modelOf(`
      namespace go shop.Item
      namespace * anything
      namespace js.ts "web.shop"
      namespace py shop (owner = "us")
    `);
    expect([...(model.roots[0]?.namespaces ?? [])]).toEqual([
      ["go", "shop.Item"],
      ["*", "anything"],
      ["js.ts", "web.shop"],
      ["py", "shop"],
    ]);
  });

  it("takes the package from namespace go, else from namespace *, else from the file's name [B13]", () => {
    const packageFor = (text: string): string | undefined => modelOf(text).roots.map(packageOf)[0];
    expect(packageFor("namespace go example.shop.Item\nnamespace * other")).toBe("item");
    expect(packageFor("namespace py x\nnamespace * a.Other")).toBe("other");
    expect(packageFor("")).toBe("a");
  });

  it("passes over what concerns only other languages", () => {
    const model = modelOf(`
      cpp_include "<unordered_map>"
      php_namespace old
      struct S {
        1: map cpp_type "std::unordered_map" <string, i32> a
        2: set cpp_type "x" <i32> b
        3: list<i32> cpp_type "y" c
        4: list cpp_type "z" <i32> d
        5: S & e
        6: string f xsd_optional xsd_nillable xsd_attrs { 1: string g }
      }
      struct X xsd_all { 1: i32 a }
    `);
    const fields = definitionOf(model, "struct", "S").fields;
    expect(fields.map(({ type }) => formatType(type))).toEqual([
      "map<string, i32>",
      "set<i32>",
      "list<i32>",
      "list<i32>",
      "S",
      "string",
    ]);
  });

  it("refuses a header behind a definition, and still reads it", () => {
    expect(toldOf('struct S {}\nnamespace go x\ninclude "b.thrift"', { "b.thrift": "" })).toEqual([
      '2:1 error: namespace must stand before all definitions (move it above "S")',
      '3:1 error: include must stand before all definitions (move it above "S")',
    ]);
  });
});

describe("definitions", () => {
  it("takes the ordered streaming service: annotations behind methods, trailing commas, optional fields [B13]", () => {
    const model = modelOf(`
      namespace go echo
      struct Request { 1: optional string message, }
      struct Response { 1: optional string message, }
      service TestService {
        Response Echo (1: Request req) (streaming.mode="bidirectional"),
        Response EchoClient (1: Request req) (streaming.mode="client"),
        Response EchoServer (1: Request req) (streaming.mode="server"),
        Response EchoUnary (1: Request req) (streaming.mode="unary"),
        Response EchoPingPong (1: Request req),
      }
    `);
    const { methods } = definitionOf(model, "service", "TestService");
    expect(methods.map(({ name, kind }) => [name, kind])).toEqual([
      ["Echo", "bidi"],
      ["EchoClient", "client"],
      ["EchoServer", "server"],
      ["EchoUnary", "unary"],
      ["EchoPingPong", "pingpong"],
    ]);
    expect(definitionOf(model, "struct", "Request").fields[0]).toMatchObject({
      id: 1,
      name: "message",
      requiredness: "optional",
    });
  });

  it("takes both separators, none, and mixtures, wherever a list is", () => {
    const model = modelOf(`
      enum E { A; B, C D = 9 }
      struct S { 1: i32 a; 2: i32 b, 3: i32 c 4: i32 d };
      const list<i32> L = [1; 2, 3 4],
      const map<string, i32> M = {"a": 1; "b": 2 "c": 3};
      typedef i32 T;
      service X { void a(1: i32 x; 2: i32 y 3: i32 z); void b() }
    `);
    expect(definitionOf(model, "enum", "E").members.map(({ value }) => value)).toEqual([0, 1, 2, 9]);
    expect(definitionOf(model, "struct", "S").fields).toHaveLength(4);
    expect(definitionOf(model, "const", "L").value).toMatchObject({ items: { length: 4 } });
    expect(definitionOf(model, "const", "M").value).toMatchObject({ entries: { length: 3 } });
    expect(definitionOf(model, "service", "X").methods[0]?.arguments).toHaveLength(3);
  });

  it("gives enum values their numbers: implicit, negative, hexadecimal, octal", () => {
    const model = modelOf("enum E { A, B = -5, C, D = 0x1F, E, F = 0o17, G = +3, H = -0x10 }");
    expect(definitionOf(model, "enum", "E").members.map(({ name, value }) => [name, value])).toEqual([
      ["A", 0],
      ["B", -5],
      ["C", -4],
      ["D", 31],
      ["E", 32],
      ["F", 15],
      ["G", 3],
      ["H", -16],
    ]);
  });

  it("knows all base types and nests containers", () => {
    const model = modelOf(`
      struct S {
        1: bool a 2: byte b 3: i8 c 4: i16 d 5: i32 e 6: i64 f 7: double g 8: string h 9: binary i 10: uuid j
        11: map<string, list<set<map<i64, binary>>>> k
      }
    `);
    expect(definitionOf(model, "struct", "S").fields.map(({ type }) => formatType(type))).toEqual([
      "bool",
      "i8",
      "i8",
      "i16",
      "i32",
      "i64",
      "double",
      "string",
      "binary",
      "uuid",
      "map<string, list<set<map<i64, binary>>>>",
    ]);
  });

  it("lets a file define uuid, which thriftgo does not know", () => {
    const model = modelOf("typedef string uuid\nstruct S { 1: uuid id }");
    const type = definitionOf(model, "struct", "S").fields[0]?.type;
    expect(type?.kind).toBe("typedef");
    expect(type && formatType(resolveType(type))).toBe("string");
  });

  it("lets words of the language be names of fields and methods", () => {
    const model = modelOf(`
      struct S { 1: string list 2: i32 struct 3: optional string required 4: bool optional 5: i32 const }
      service X { void service(1: i32 void), oneway void oneway() }
    `);
    expect(definitionOf(model, "struct", "S").fields.map(({ name }) => name)).toEqual([
      "list",
      "struct",
      "required",
      "optional",
      "const",
    ]);
    expect(definitionOf(model, "service", "X").methods.map(({ name, kind }) => [name, kind])).toEqual([
      ["service", "pingpong"],
      ["oneway", "oneway"],
    ]);
  });

  it("takes annotations wherever they may stand", () => {
    const model = modelOf(`
      typedef string (a = "1") T (b = "2")
      const i32 C = 1 (c = "3")
      enum E { A = 1 (d = "4"), B (e = "5") } (f = '6')
      struct S {
        1: list<i32 (g = "7")> (h = "8") x = [1] (i.j = "9", deprecated),
        2: map<string (k = ""), i32> y (l = "it's", m = 'a "b"';)
      } (n = "10")
      service X { string (o = "11") f(1: i32 a (p = "12")) (q = "13") } (r = "14")
    `);
    const pairs = (of: { annotations: readonly { key: string; value: string }[] } | undefined): unknown =>
      of?.annotations.map(({ key, value }) => `${key}=${value}`);
    const { type, annotations } = definitionOf(model, "typedef", "T");
    const [x, y] = definitionOf(model, "struct", "S").fields;
    const service = definitionOf(model, "service", "X");
    expect([pairs(type), pairs({ annotations })]).toEqual([["a=1"], ["b=2"]]);
    expect(pairs(definitionOf(model, "const", "C"))).toEqual(["c=3"]);
    expect(definitionOf(model, "enum", "E").members.map(pairs)).toEqual([["d=4"], ["e=5"]]);
    expect(pairs(definitionOf(model, "enum", "E"))).toEqual(["f=6"]);
    expect(pairs(x?.type)).toEqual(["h=8"]);
    expect(x?.type.kind === "list" && pairs(x.type.element)).toEqual(["g=7"]);
    expect(pairs(x)).toEqual(["i.j=9", "deprecated=1"]);
    expect(pairs(y)).toEqual(["l=it's", 'm=a "b"']);
    expect(pairs(definitionOf(model, "struct", "S"))).toEqual(["n=10"]);
    expect(pairs(service.methods[0]?.response)).toEqual(["o=11"]);
    expect(pairs(service.methods[0]?.arguments[0])).toEqual(["p=12"]);
    expect(pairs(service.methods[0])).toEqual(["q=13"]);
    expect(pairs(service)).toEqual(["r=14"]);
  });

  it("passes over a byte-order mark and reads all line breaks", () => {
    expect(toldOf("\uFEFFstruct A {\r\n  1: Nix a\r}\r\n")).toEqual([
      '2:6 error: unknown type "Nix" (define it, or include the file that defines it)',
    ]);
  });

  it("refuses senum and slist clearly", () => {
    expect(toldOf('senum Old { "a", "b" }\nstruct S { 1: slist a, 2: Old b }')).toEqual([
      "1:1 error: senum is no longer a part of Thrift (write an enum, or a typedef of string with constants for the values)",
      '2:15 error: slist is no longer a type of Thrift (write "string")',
    ]);
  });
});

describe("comments", () => {
  const docOf = (text: string): (string | undefined)[] =>
    definitionOf(modelOf(text), "struct", "S").fields.map(({ doc }) => doc);

  it("keeps every kind of comment above an item as its documentation", () => {
    const model = modelOf(`
      // line
      struct A {}
      # unix
      struct B {}
      /* block */
      struct C {}
      /**
       * doc
       *   indented
       *
       * end
       */
      struct D {}
      /// one
      // two
      struct E {}
    `);
    expect(model.roots[0]?.definitions.map(({ doc }) => doc)).toEqual([
      "line",
      "unix",
      "block",
      "doc\n  indented\n\nend",
      "one\ntwo",
    ]);
  });

  it("keeps a comment behind an item on its line, unless one stands above it", () => {
    expect(
      docOf(`struct S {
        1: i32 a, // behind a
        2: i32 b  # behind b
        3: i32 c /* behind c */ ;
        // above d
        4: i32 d // behind d
        5: i32 e
      }`),
    ).toEqual(["behind a", "behind b", "behind c", "above d", undefined]);
  });

  it("takes a comment between two items of one line for the second", () => {
    expect(docOf("struct S { /* a */ 1: i32 a, /* b */ 2: i32 b }")).toEqual(["a", "b"]);
  });

  it("does not take what a blank line sets apart", () => {
    expect(
      docOf("struct S {\n  // a licence\n\n  // about a\n  1: i32 a\n  // about nothing\n\n  2: i32 b\n}"),
    ).toEqual(["about a", undefined]);
  });

  it("documents enum values, methods and arguments too", () => {
    const model = modelOf(`
      enum E { A // first
        B }
      service X {
        # asks
        void ask(/* what */ 1: string q)
      }
    `);
    expect(definitionOf(model, "enum", "E").members.map(({ doc }) => doc)).toEqual(["first", undefined]);
    const [method] = definitionOf(model, "service", "X").methods;
    expect([method?.doc, method?.arguments[0]?.doc]).toEqual(["asks", "what"]);
  });
});

describe("broken text", () => {
  it("tells an unclosed comment, and does not hang", () => {
    expect(errorsOf("struct A {}\n/* never")).toEqual(["this comment is never closed"]);
  });

  it("tells an unclosed string, and goes on with the next line", () => {
    expect(errorsOf("const string A = \"x\nstruct S { 1: Nix a }\nconst string B = 'y")).toEqual([
      "this string is never closed",
      'unknown type "Nix"',
      "this string is never closed",
    ]);
  });

  it("goes on after a broken field, method, enum value and definition", () => {
    expect(
      toldOf(`struct S {
  1: i32
  2: string b
  3 i32 c
  4: i32 d = ,
}
enum E { A = x, B }
service X {
  void a(1: i32 p
  void b(1: Nix q)
}
const i32 = 5
struct T { 1: Nix a }`),
    ).toEqual([
      '3:3 error: expected the name of a field, found "2"',
      '4:5 error: expected ":" behind the field id, found "i32"',
      '5:14 error: expected a value, found ","',
      '7:14 error: expected an integer as the enum value, found "x"',
      '10:3 error: expected ")" at the end of the arguments of a, found "void"',
      '10:13 error: unknown type "Nix" (define it, or include the file that defines it)',
      '12:11 error: expected the name of a constant, found "="',
      '13:15 error: unknown type "Nix" (define it, or include the file that defines it)',
    ]);
  });

  it("tells a missing brace where the next definition begins", () => {
    expect(toldOf("struct A { 1: i32 a\nstruct B { 1: A a }\nservice C { void f()")).toEqual([
      '2:1 error: expected "}" at the end of struct A, found "struct"',
      '3:21 error: expected "}" at the end of service C, found the end of the file',
    ]);
  });

  it("does not complain of the use of a definition that is itself broken", () => {
    const text = "typedef list<> T\nconst i32 C = ]\nstruct S { 1: T a, 2: i32 b = C }";
    expect(errorsOf(text)).toEqual(['expected a type, found ">"', 'expected a value, found "]"']);
  });

  it("names what is not a number, not a name, or no character of the language", () => {
    expect(toldOf("const i32 A = 12abc\nstruct Grüße {}\nstruct B { 1: i32 a @ }\n\u0000")).toEqual([
      '1:15 error: "12abc" is not a number (a name starts with a letter or _)',
      '2:8 error: "Grüße" is not a name (names consist of the letters A to Z and a to z, digits and _)',
      '3:21 error: unexpected "@"',
      "4:1 error: unexpected character U+0000",
    ]);
  });

  it("refuses dots in a name that is declared", () => {
    expect(toldOf("struct a.b {}")).toEqual([
      '1:8 error: the name of a struct cannot contain a dot: "a.b" (write a_b)',
    ]);
  });

  it("tells where throws belongs", () => {
    expect(toldOf('exception E {}\nservice X { void f() (a = "b") throws (1: E e) }')).toEqual([
      '2:32 error: expected the end of the method, found "throws" (write throws (…) before the annotations)',
    ]);
  });

  it("tells at most a hundred errors of one file", () => {
    const { diagnostics } = build(`struct S {\n${"  1: Nix a\n".repeat(500)}}`);
    expect(diagnostics).toHaveLength(100);
    expect(diagnostics.some(({ message }) => message.includes("more errors in this file"))).toBe(true);
  });

  it("limits how deep types and values nest", () => {
    const deep = (n: number): string =>
      `const ${"list<".repeat(n)}i32${">".repeat(n)} C = ${"[".repeat(n)}${"]".repeat(n)}`;
    expect(errorsOf(deep(90))).toEqual([]);
    expect(errorsOf(deep(5000))).toEqual(["types nest at most 100 deep"]);
    expect(errorsOf(`const i32 C = ${"[".repeat(5000)}`)).toEqual(["values nest at most 100 deep"]);
  });
});

describe("numbers", () => {
  const valueOf = (text: string): unknown => {
    const { value } = definitionOf(modelOf(`const ${text}`), "const", "C");
    return value.kind === "list" || value.kind === "map" || value.kind === "struct" ? value : value.value;
  };

  it("reads doubles in all their forms", () => {
    for (const [text, value] of [
      ["1.5", 1.5],
      [".5", 0.5],
      ["-.25", -0.25],
      ["+2.0", 2],
      ["1e3", 1000],
      ["1.5E-2", 0.015],
      ["7", 7],
    ] as const) {
      expect(valueOf(`double C = ${text}`), text).toBe(value);
    }
  });

  it("reads the whole range of i64 and not one more", () => {
    expect(valueOf("i64 C = 9223372036854775807")).toBe(2n ** 63n - 1n);
    expect(valueOf("i64 C = -9223372036854775808")).toBe(-(2n ** 63n));
    expect(errorsOf("const i64 C = 9223372036854775808")).toEqual([
      "9223372036854775808 does not fit i64, which goes from -9223372036854775808 to 9223372036854775807",
    ]);
    expect(errorsOf(`const i64 C = ${"9".repeat(100_000)}`)).toEqual([
      "this number is larger than any integer type",
    ]);
  });

  it("reads a leading zero as Kitex does, and warns that the Apache compiler does not", () => {
    expect(valueOf("i32 C = 010")).toBe(8n);
    expect(toldOf("const i32 C = 010")).toEqual([
      "1:15 warning: Kitex reads 010 as octal 8, the Apache compiler as 10; it is taken as 8 here (write 8 or 10)",
    ]);
    expect(toldOf("const i32 C = 00")).toEqual([]);
    expect(errorsOf("const i32 C = 09")).toEqual(["09 starts with 0 but is not octal"]);
  });
});

describe("strings", () => {
  it("reads escapes, keeps unknown ones, and may hold the other quote and line breaks", () => {
    const model = modelOf(String.raw`
      const string A = "a\"b\n\t\\ 'c'"
      const string B = 'd\'e "f"'
      const string C = "\d+ \\d"
      const string D = "g
h"
      const string E = ""
    `);
    expect(
      model.roots[0]?.definitions.map(
        (d) => d.kind === "const" && d.value.kind === "string" && d.value.value,
      ),
    ).toEqual(["a\"b\n\t\\ 'c'", 'd\'e "f"', "\\d+ \\d", "g\nh", ""]);
  });

  it("are warned about where thriftgo sees another end", () => {
    expect(toldOf(String.raw`const string A = "a\\"`)).toEqual([
      String.raw`1:20 warning: thriftgo takes the quote behind \\ for a part of the string, which then goes on`,
    ]);
    expect(toldOf(String.raw`const string A = "a\\b"`)).toEqual([]);
  });
});
