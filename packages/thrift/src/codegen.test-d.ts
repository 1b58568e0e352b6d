import { describe, expectTypeOf, it } from "vitest";
import {
  type Exception,
  type ExceptionClass,
  exception,
  type Method,
  type Service,
  type Struct,
  service,
  struct,
  union,
} from "./codegen.ts";
import { createCodecs, type JsonValue, jsonService } from "./index.ts";

interface Item {
  sku: string;
  next?: Item | undefined;
  color: Color;
}
const Color = { RED: 0, GREEN: 1 } as const;
type Color = (typeof Color)[keyof typeof Color];
const Item: Struct<Item> = struct("Item", (t) => [
  t.required(1, "sku", t.string, { default: "x" }),
  t.optional(2, "next", Item),
  t.field(3, "color", t.enum(Color)),
]);
type Shape =
  | { case: "item"; value: Item }
  | { case: "n"; value: number }
  | { case: undefined; value?: undefined };
const Shape: Struct<Shape> = union("Shape", (t) => [t.optional(1, "item", Item), t.optional(2, "n", t.i32)]);
interface NotFound {
  id: bigint;
  message?: string | undefined;
}
const NotFound: ExceptionClass<NotFound> = exception("NotFound", (t) => [
  t.field(1, "id", t.i64),
  t.optional(2, "message", t.string),
]);
const Base: Service<{ ping: Method<"pingpong", Record<string, never>, void> }> = service("Base", {}, (m) => ({
  ping: m.pingpong("Ping", [], m.void),
}));
const Shop: Service<
  typeof Base.methods & {
    add: Method<"pingpong", { a: number; b: number }, number>;
    get: Method<"pingpong", bigint, Item>;
    note: Method<"oneway", Item, void>;
    talk: Method<"bidi", Item, Shape>;
  }
> = service("Shop", { package: "shop" }, (m, t) => ({
  ...Base.methods,
  add: m.pingpong("Add", [t.field(1, "a", t.i32), t.field(2, "b", t.i32)], t.i32),
  get: m.pingpong("Get", [t.field(1, "id", t.i64)], Item, [t.field(1, "missing", NotFound)]),
  note: m.oneway("Note", [t.field(1, "item", Item)]),
  talk: m.bidi("Talk", Item, Shape),
}));

describe("types of generated code", () => {
  it("follow descriptors through codecs", () => {
    expectTypeOf(Item.encode).parameter(0).toEqualTypeOf<Item>();
    expectTypeOf(Item.decode(new Uint8Array())).toEqualTypeOf<Item>();
    expectTypeOf(createCodecs({}).struct(Shape).decode(new Uint8Array())).toEqualTypeOf<Shape>();
    expectTypeOf(createCodecs({}).service(Shop)).toEqualTypeOf<typeof Shop>();
  });

  it("are discriminated for unions", () => {
    const shape = Shape.decode(new Uint8Array());
    if (shape.case === "item") expectTypeOf(shape.value).toEqualTypeOf<Item>();
    if (shape.case === undefined) expectTypeOf(shape.value).toEqualTypeOf<undefined>();
  });

  it("make exceptions errors with fields", () => {
    const error = new NotFound({ id: 1n });
    expectTypeOf(error).toExtend<Exception<NotFound>>();
    expectTypeOf(error.id).toEqualTypeOf<bigint>();
    expectTypeOf(error.message).toEqualTypeOf<string>();
    // @ts-expect-error -- the id is missing
    void new NotFound({ message: "x" });
  });

  it("hold a service's methods to what was declared", () => {
    expectTypeOf(Shop.methods.ping.response.decode(new Uint8Array())).toEqualTypeOf<void>();
    expectTypeOf(Shop.methods.add.request.encode).parameter(0).toEqualTypeOf<{ a: number; b: number }>();
    // @ts-expect-error -- the response is another struct
    const wrong: Service<{ talk: Method<"bidi", Item, Item> }> = service("Shop", {}, (m) => ({
      talk: m.bidi("Talk", Item, Shape),
    }));
    void wrong;
  });

  it("are JSON for all methods of a service of JSON", () => {
    const { get } = jsonService(Shop).methods;
    expectTypeOf(get.request.encode).parameter(0).toEqualTypeOf<JsonValue>();
    expectTypeOf(get.response.decode(new Uint8Array())).toEqualTypeOf<JsonValue | undefined>();
    expectTypeOf(get.kind).toEqualTypeOf<"pingpong">();
  });
});
