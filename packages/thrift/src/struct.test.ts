import { describe, expect, it } from "vitest";
import { errorOf, Item, variants, zero } from "../test/support.ts";
import {
  createCodecs,
  type Exception,
  exception,
  type Struct,
  struct,
  union,
  unknownFields,
} from "./index.ts";

describe.each(variants)("defaults of the IDL (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);
  interface Defaults {
    a?: number;
    b?: string;
    c?: number;
    d?: string[];
    e?: Uint8Array;
    f?: Uint8Array;
  }
  const Defaults: Struct<Defaults> = struct("Defaults", (t) => [
    t.field(1, "a", t.i32, { default: 10 }),
    t.required(2, "b", t.string, { default: "ten" }),
    t.optional(3, "c", t.i32, { default: 30 }),
    t.optional(4, "d", t.list(t.string), { default: () => ["x"] }),
    t.optional(5, "e", t.binary, { default: () => new Uint8Array([1]) }),
    t.field(6, "f", t.binary, { default: () => new Uint8Array([2]) }),
  ]);
  const Bare: Struct<Defaults> = struct("Bare", (t) => [
    t.optional(1, "a", t.i32),
    t.optional(2, "b", t.string),
    t.optional(3, "c", t.i32),
    t.optional(4, "d", t.list(t.string)),
    t.optional(5, "e", t.binary),
    t.optional(6, "f", t.binary),
  ]);

  it("are written for fields that are not optional", () => {
    expect(codec(Bare).decode(codec(Defaults).encode({}))).toEqual({
      a: 10,
      b: "ten",
      f: new Uint8Array([2]),
    });
  });

  it("are filled in for all fields that were not sent", () => {
    expect(codec(Defaults).decode(codec(Bare).encode({ b: "sent" }))).toEqual({
      a: 10,
      b: "sent",
      c: 30,
      d: ["x"],
      e: new Uint8Array([1]),
      f: new Uint8Array([2]),
    });
  });

  it("are not written for optional fields, except for containers that were set", () => {
    const value = { c: 30, d: ["x"], e: new Uint8Array([1]) };
    expect(codec(Bare).decode(codec(Defaults).encode(value))).toEqual({
      a: 10,
      b: "ten",
      d: ["x"],
      f: new Uint8Array([2]),
    });
    expect(codec(Bare).decode(codec(Defaults).encode({ c: 31, e: new Uint8Array([3]) }))).toMatchObject({
      c: 31,
      e: new Uint8Array([3]),
    });
  });

  it("do not excuse a required field that was not sent", () => {
    expect(errorOf(() => codec(Defaults).decode(new Uint8Array(1))).message).toBe(
      "Defaults.b: is required, but was not sent",
    );
  });

  it("are fresh for every message", () => {
    const bytes = codec(Bare).encode({ b: "" });
    codec(Defaults).decode(bytes).d?.push("mine");
    expect(codec(Defaults).decode(bytes).d).toEqual(["x"]);
  });
});

describe.each(variants)("a union (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);
  type Shape =
    | { case: "item"; value: Item }
    | { case: "n"; value: number }
    | { case: undefined; value?: undefined };
  const Shape: Struct<Shape> = union("Shape", (t) => [
    t.optional(1, "item", Item),
    t.optional(2, "n", t.i32),
  ]);
  const Newer: Struct<{ case: "s"; value: string }> = union("Shape", (t) => [t.optional(3, "s", t.string)]);
  const Both: Struct<object> = struct("Both", (t) => [
    t.optional(1, "item", Item),
    t.optional(2, "n", t.i32),
  ]);

  it("carries the alternative that was chosen", () => {
    const values: Shape[] = [
      { case: "item", value: zero },
      { case: "n", value: 5 },
    ];
    for (const value of values) expect(codec(Shape).decode(codec(Shape).encode(value))).toStrictEqual(value);
  });

  it("is without a case when the peer chose an alternative that this IDL does not have", () => {
    expect(codec(Shape).decode(codec(Newer).encode({ case: "s", value: "x" }))).toStrictEqual({
      case: undefined,
    });
  });

  it("keeps such an alternative on request", () => {
    const keep = createCodecs({ ...options, unknownFields: "keep" }).struct(Shape);
    const message = codec(Newer).encode({ case: "s", value: "x" });
    const value = keep.decode(message);
    expect(value).toMatchObject({ case: undefined, [unknownFields]: [{ id: 3, type: 11 }] });
    expect(keep.encode(value)).toEqual(message);
  });

  it("takes the last alternative when a peer sent several", () => {
    expect(codec(Shape).decode(codec(Both).encode({ item: zero, n: 1 }))).toEqual({ case: "n", value: 1 });
  });

  it("is not written without exactly one alternative", () => {
    expect(errorOf(() => codec(Shape).encode({ case: undefined })).message).toBe(
      "Shape: expected a union with a case, got undefined",
    );
    expect(errorOf(() => codec(Shape).encode({ case: "m", value: 1 } as never)).message).toBe(
      'Shape: expected a case of item, n; got "m"',
    );
    expect(errorOf(() => codec(Shape).encode({ case: "n" } as never)).message).toBe(
      "Shape.n: expected an integer of 32 bits, got undefined",
    );
    expect(errorOf(() => codec(Shape).encode({ case: "toString", value: 1 } as never)).code).toBe(
      "invalid_argument",
    );
  });
});

describe.each(variants)("an exception (%s)", (_name, options) => {
  const { struct: codec } = createCodecs(options);
  interface Fields {
    id: bigint;
    message?: string | undefined;
    name?: string | undefined;
  }
  const NotFound = exception<Fields>("NotFound", (t) => [
    t.field(1, "id", t.i64),
    t.optional(2, "message", t.string),
    t.optional(3, "name", t.string),
  ]);

  it("is an error of its class, before and after", () => {
    const sent = new NotFound({ id: 5n, message: "no such thing" });
    const came: Exception<Fields> = codec(NotFound).decode(codec(NotFound).encode(sent));
    expect(came).toBeInstanceOf(NotFound);
    expect(came).toBeInstanceOf(Error);
    expect([came.id, came.message, came.stack?.length]).toEqual([5n, "no such thing", expect.any(Number)]);
  });

  it("does not write what errors have by themselves", () => {
    const Plain: Struct<object> = struct("Plain", (t) => [
      t.optional(1, "id", t.i64),
      t.optional(2, "message", t.string),
      t.optional(3, "name", t.string),
    ]);
    expect(codec(Plain).decode(codec(NotFound).encode(new NotFound({ id: 1n })))).toStrictEqual({ id: 1n });
  });

  it("takes an object with the fields, too", () => {
    const came = codec(NotFound).decode(codec(NotFound).encode({ id: 7n, name: "n" } as never));
    expect(came).toBeInstanceOf(NotFound);
    expect([came.id, came.name]).toEqual([7n, "n"]);
  });

  it("has a message whatever the peer sent in it", () => {
    const Odd = exception<{ id: number; labels: Record<string, string> }>("Odd", (t) => [
      t.field(1, "id", t.i32),
      t.field(2, "labels", t.record(t.string)),
    ]);
    const odd = codec(Odd).decode(codec(Odd).encode(new Odd({ id: 1, labels: { toString: "x" } })));
    expect(odd.message).toBe("Odd(id: 1, labels: object)");
  });
});
