import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  type CodecOptions,
  createCodecs,
  type Struct,
  setDefaultEngine,
  struct,
  union,
} from "../src/index.ts";
import { structAndValue, valueOf } from "./arbitrary.ts";
import { Everything } from "./everything.ts";

const variants: [string, CodecOptions][] = [
  ["binary", {}],
  ["compact", { protocol: "compact" }],
  ["binary, unknown fields kept", { unknownFields: "keep" }],
  ["compact, unknown fields kept, views", { protocol: "compact", unknownFields: "keep", binaryViews: true }],
];

describe.each(variants)("compiled and interpreted code (%s)", (_name, options) => {
  const compiled = createCodecs({ ...options, engine: "compiled" });
  const interpreted = createCodecs({ ...options, engine: "interpreted" });

  it("write the same bytes and read them back alike", () => {
    fc.assert(
      fc.property(fc.oneof(structAndValue(), everything()), ({ type, value }) => {
        const bytes = compiled.struct(type).encode(value);
        expect(bytes).toEqual(interpreted.struct(type).encode(value));
        expect(compiled.struct(type).decode(bytes)).toEqual(value);
        expect(interpreted.struct(type).decode(bytes)).toEqual(value);
      }),
      { numRuns: 40 },
    );
  });

  it("take the same values of another type, and refuse the same with the same words", () => {
    fc.assert(
      fc.property(structAndValue(), fc.oneof(structAndValue(), everything()), ({ type }, { value }) => {
        expect(outcome(() => compiled.struct(type).encode(value))).toEqual(
          outcome(() => interpreted.struct(type).encode(value)),
        );
      }),
      { numRuns: 80 },
    );
  });

  it("make the same of messages of another type", () => {
    fc.assert(
      fc.property(structAndValue(), fc.oneof(structAndValue(), everything()), ({ type }, other) => {
        const bytes = compiled.struct(other.type).encode(other.value);
        expect(outcome(() => compiled.struct(type).decode(bytes))).toEqual(
          outcome(() => interpreted.struct(type).decode(bytes)),
        );
      }),
      { numRuns: 80 },
    );
  });
});

function everything(): fc.Arbitrary<{ type: Struct; value: unknown }> {
  return valueOf(Everything).map((value) => ({ type: Everything, value }));
}

function outcome(run: () => unknown): unknown {
  try {
    return { value: run() };
  } catch (error) {
    return { error: String(error) };
  }
}

describe("the engine", () => {
  afterEach(() => setDefaultEngine(undefined));

  const One: Struct<{ a: number }> = struct("One", (t) => [t.required(1, "a", t.i32)]);

  it("is chosen for all codecs that were not given one", () => {
    const generated = countFunctions(() => {
      setDefaultEngine("interpreted");
      createCodecs({}).struct(One).encode({ a: 1 });
    });
    expect(generated).toBe(0);
  });

  it("compiles once for each struct and direction", () => {
    createCodecs({}).struct(One).encode({ a: 0 });
    const codec = createCodecs({}).struct(One);
    expect(
      countFunctions(() => {
        codec.encode({ a: 1 });
        codec.encode({ a: 2 });
      }),
    ).toBe(1);
  });

  it("is the interpreter where the platform forbids code from text", () => {
    const { stdout, stderr } = runApart(
      ["--disallow-code-generation-from-strings"],
      `import { createCodecs, struct } from "@slipstream/thrift";
      import { compiler } from "@slipstream/thrift/compiler";
      const One = struct("One", (t) => [t.required(1, "a", t.i32)]);
      console.log(JSON.stringify(One.decode(One.encode({ a: 7 }))));
      console.log(JSON.stringify(createCodecs({ engine: compiler }).struct(One).decode(One.encode({ a: 8 }))));
      try { createCodecs({ engine: "compiled" }).struct(One).encode({ a: 7 }); } catch (error) { console.log(error.name); }`,
    );
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual(['{"a":7}', '{"a":8}', "EvalError", ""]);
  });

  it("is the interpreter in bundles for browsers, unless the page brings the compiler", () => {
    const { stdout, stderr } = runApart(
      ["--conditions=browser"],
      `import { createCodecs, setDefaultEngine, struct } from "@slipstream/thrift";
      import { compiler } from "@slipstream/thrift/compiler";
      const One = struct("One", (t) => [t.required(1, "a", t.i32)]);
      const original = globalThis.Function;
      let made = 0;
      globalThis.Function = class extends original { constructor(...args) { super(...args); made++; } };
      One.encode({ a: 7 });
      console.log(made);
      for (const choose of [() => createCodecs({ engine: "compiled" }), () => setDefaultEngine("compiled")]) {
        try { choose(); } catch (error) { console.log(error.name, error.message.includes("@slipstream/thrift/compiler")); }
      }
      setDefaultEngine(compiler);
      createCodecs({}).struct(One).encode({ a: 7 });
      console.log(made > 0);`,
    );
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual(["0", "RangeError true", "RangeError true", "true", ""]);
  });
});

/** Runs a program in a Node of its own, from this package's folder. */
function runApart(flags: readonly string[], script: string): { stdout: string; stderr: string } {
  return spawnSync(
    process.execPath,
    [...flags, "--conditions=@slipstream/source", "--import=tsx", "--input-type=module", "--eval", script],
    { encoding: "utf8", cwd: fileURLToPath(new URL("..", import.meta.url)) },
  );
}

/** How often code was made from text meanwhile. */
function countFunctions(run: () => void): number {
  const original = globalThis.Function;
  let count = 0;
  globalThis.Function = new Proxy(original, {
    construct(target, args, newTarget) {
      count++;
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  try {
    run();
  } finally {
    globalThis.Function = original;
  }
  return count;
}

describe("names from an IDL", () => {
  const odd = [
    '"',
    "'",
    "`${1}`",
    "\\",
    "\n",
    "\u2028",
    '"]; throw new Error("escaped"); //',
    "*/",
    "__defineGetter__",
    "toString",
    "constructor",
    "valueOf",
    "case",
    "a b",
    "ünï",
    "\ud800",
    "0",
  ];

  it("are data to compiled code, whatever they contain", () => {
    const type: Struct<Record<string, string>> = struct(odd.join(""), (t) =>
      odd.map((name, i) => t.optional(i + 1, name, t.string)),
    );
    const value = Object.fromEntries(odd.map((name, i) => [name, `value ${i}`]));
    const { encode, decode } = bound(createCodecs({ engine: "compiled" }).struct(type));
    expect(decode(encode(value))).toEqual(value);
    expect(encode({})).toEqual(new Uint8Array(1));
  });

  it("cannot be __proto__, which an object cannot have as a property", () => {
    const type = struct<object>("Odd", (t) => [t.optional(1, "__proto__", t.string)]);
    expect(() => type.encode({})).toThrow(TypeError);
  });

  it("may be names of alternatives of a union", () => {
    const { encode, decode } = bound(createCodecs({ engine: "compiled" }).struct(unionOf(odd)));
    for (const name of odd)
      expect(decode(encode({ case: name, value: 1 }))).toEqual({ case: name, value: 1 });
  });
});

function bound<T>(codec: { encode(value: T): Uint8Array; decode(bytes: Uint8Array): T }) {
  return { encode: codec.encode.bind(codec), decode: codec.decode.bind(codec) };
}

function unionOf(names: readonly string[]): Struct<{ case: string; value: number }> {
  return union("Odd", (t) => names.map((name, i) => t.optional(i + 1, name, t.i32)));
}
