import { describe, expect, it } from "vitest";
import { allMethods } from "../src/index.ts";
import { definitionOf, modelOf, toldOf } from "./support.ts";

const shapes = "struct Req {}\nstruct Res {}\nexception Ex {}\n";
const told = (methods: string): readonly string[] => toldOf(`${shapes}service X {\n${methods}\n}`);

describe("streaming.mode", () => {
  it("knows its four values [B8]", () => {
    const kindOf = (mode: string): unknown => {
      const model = modelOf(`${shapes}service X { Res f(1: Req r) (streaming.mode="${mode}") }`);
      return definitionOf(model, "service", "X").methods[0]?.kind;
    };
    expect(["bidirectional", "client", "server", "unary"].map(kindOf)).toEqual([
      "bidi",
      "client",
      "server",
      "unary",
    ]);
  });

  it("refuses any other value, and names those there are [B8]", () => {
    expect(
      told('Res f(1: Req r) (streaming.mode="bidirectonal")\nRes g(1: Req r) (streaming.mode="")'),
    ).toEqual([
      '5:18 error: "bidirectonal" is no streaming mode (did you mean "bidirectional"? write streaming.mode="bidirectional", "client", "server" or "unary")',
      '6:18 error: "" is no streaming mode (write streaming.mode="bidirectional", "client", "server" or "unary")',
    ]);
  });

  it("refuses more or less than one argument [B9]", () => {
    expect(
      told('Res f() (streaming.mode="client")\nRes g(1: Req a, 2: Req b) (streaming.mode="unary")'),
    ).toEqual([
      "5:5 error: a streaming method has exactly one argument, f has none (write f(1: Request request))",
      "6:24 error: a streaming method has exactly one argument, g has 2 (put them into one struct)",
    ]);
  });

  it("refuses a method without a response [B9]", () => {
    expect(
      told('void f(1: Req a) (streaming.mode="server")\nvoid g(1: Req a) (streaming.mode="unary")'),
    ).toEqual([
      "5:1 error: a streaming method has a response, f is void (write the struct that the stream answers with; it may be empty)",
      "6:1 error: a streaming method has a response, g is void (write the struct that the stream answers with; it may be empty)",
    ]);
  });

  it("refuses to stand twice at a method [B10]", () => {
    expect(told('Res f(1: Req a) (streaming.mode="server", streaming.mode="server")')).toEqual([
      "5:43 error: streaming.mode stands twice at f (leave one of them out)",
    ]);
  });

  it("refuses oneway beside it", () => {
    expect(told('oneway void f(1: Req a) (streaming.mode="client")')).toEqual([
      '5:26 error: f is oneway, so it cannot have streaming.mode (leave out one of them; a client stream that needs no answer is streaming.mode="client")',
    ]);
  });

  it("refuses messages that are no structs, except for unary", () => {
    expect(
      told('string f(1: list<Req> a) (streaming.mode="client")\nstring g(1: i32 a) (streaming.mode="unary")'),
    ).toEqual([
      "5:1 error: messages of a stream are structs, not string (put it into a struct)",
      "5:13 error: messages of a stream are structs, not list<Req> (put it into a struct)",
    ]);
  });

  it("warns of throws, which streams cannot carry, except for unary", () => {
    const [warning, ...rest] = told(
      'Res f(1: Req a) throws (1: Ex e) (streaming.mode="client")\nRes g(1: Req a) throws (1: Ex e) (streaming.mode="unary")',
    );
    expect(warning).toMatch(
      /^5:17 warning: streams have no place for declared exceptions: what f throws arrives/,
    );
    expect(rest).toEqual([]);
  });

  it("warns where it has no effect, and of names that are nearly its own", () => {
    expect(
      toldOf(
        `${shapes}service X {
  Res (streaming.mode="client") f(1: Req a (streaming.mode="client"))
  Res g(1: Req a) (steaming.mode="client")
} (streaming.mode="client")`,
      ),
    ).toEqual([
      "5:8 warning: streaming.mode has no effect at the type of a response (write it behind the brackets of a method)",
      "5:45 warning: streaming.mode has no effect at an argument (write it behind the brackets of a method)",
      '6:20 warning: unknown annotation "steaming.mode" (did you mean "streaming.mode"?)',
      "7:4 warning: streaming.mode has no effect at a service (write it behind the brackets of a method)",
    ]);
  });

  it("may stand at some methods of a service and not at others [B11]", () => {
    const model = modelOf(`${shapes}service X {
      Res a(1: Req r)
      Res b(1: Req r) (streaming.mode="server")
      oneway void c(1: Req r)
    }`);
    expect(definitionOf(model, "service", "X").methods.map(({ kind }) => kind)).toEqual([
      "pingpong",
      "server",
      "oneway",
    ]);
  });
});

describe("methods", () => {
  it("refuses a name twice", () => {
    expect(told("void f()\nvoid g()\nvoid f()")).toEqual([
      '7:6 error: method "f" is defined twice in X (see line 5)',
    ]);
  });

  it("refuses a oneway method that returns or throws", () => {
    expect(told("oneway Res f()\noneway void g() throws (1: Ex e)\noneway void h() throws ()")).toEqual([
      "5:8 error: f is oneway, so it cannot return anything (write oneway void f)",
      "6:17 error: g is oneway, so it cannot throw (leave out oneway, or throws)",
    ]);
  });

  it("refuses to throw what is no exception", () => {
    expect(told("void f() throws (1: Req e, 2: string s)")).toEqual([
      '5:21 error: Req is not an exception (define it with "exception" to throw it)',
      '5:31 error: string is not an exception (define it with "exception" to throw it)',
    ]);
  });

  it("refuses id 0 for an exception, which is the result's", () => {
    expect(told("void f() throws (0: Ex e)")).toEqual([
      "5:18 error: field id 0 is the result of the method (write a number from 1 to 32767)",
    ]);
  });

  it("ignores optional at an argument, with a warning", () => {
    expect(told("void f(1: optional i32 a)")).toEqual([
      '5:24 warning: an argument cannot be optional; the word is ignored at "a"',
    ]);
  });
});

describe("extends", () => {
  it("inherits across files, the farthest base first", () => {
    const model = modelOf('include "b.thrift"\nservice X extends b.Y { void x() }', {
      "b.thrift": "service Y extends Z { void y() }\nservice Z { void z() }",
    });
    expect(allMethods(definitionOf(model, "service", "X")).map(({ name }) => name)).toEqual(["z", "y", "x"]);
  });

  it("refuses circles, wherever one comes in", () => {
    expect(
      toldOf(
        "service A extends A {}\nservice B extends C {}\nservice C extends D {}\nservice D extends C {}",
      ),
    ).toEqual([
      '1:19 error: service "A" extends itself',
      '3:19 error: service "C" extends itself: C -> D -> C',
    ]);
  });

  it("refuses what is no service, and guesses what was meant", () => {
    expect(
      toldOf(
        'include "b.thrift"\nstruct S {}\nservice Base {}\nservice A extends S {}\nservice B extends Bse {}\nservice C extends Far {}',
        {
          "b.thrift": "service Far {}",
        },
      ),
    ).toEqual([
      '4:19 error: "S" is a struct, not a service',
      '5:19 error: unknown service "Bse" (did you mean "Base"?)',
      '6:19 error: unknown service "Far" (write b.Far)',
    ]);
  });

  it("refuses a method that a base has", () => {
    expect(
      toldOf("service A { void f() }\nservice B extends A {}\nservice C extends B { void f() }"),
    ).toEqual(['3:28 error: A, which C extends, has a method "f" already (leave this one out)']);
  });

  it("limits how many services extend each other", () => {
    const chain = Array.from({ length: 3000 }, (_, i) => `service S${i} extends S${i + 1} {}`).join("\n");
    expect(toldOf(`${chain}\nservice S3000 {}`)[0]).toMatch(/a service extends at most 100 others/);
  });
});
