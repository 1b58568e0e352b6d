import { buildModel, type Model, SourceFile } from "@slipstream/thrift-idl";
import { describe, expect, it } from "vitest";
import { type Described, type DescribeOptions, describeFile } from "./idl.ts";
import { fromJson, jsonService, toJson } from "./index.ts";
import type { ExceptionClass, Field, Struct } from "./types.ts";

function modelOf(text: string, files: Record<string, string> = {}): Model {
  const { model, diagnostics } = buildModel([new SourceFile("shop.thrift", text)], {
    read: (path) => files[path],
  });
  if (model === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return model;
}

function described(text: string, options?: DescribeOptions, files?: Record<string, string>): Described {
  const [file] = modelOf(text, files).roots;
  if (file === undefined) throw new Error("no file");
  return describeFile(file, options);
}

function structOf(from: Described, name: string): Struct {
  const found = from.structs.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

function fieldOf(type: Struct, name: string): Field {
  const found = type.fields.find((field) => field.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const shop = described(`
  namespace go com.acme.Shop
  typedef i64 Id
  enum Color { RED = 1, GREEN = 2 }
  const list<string> TAGS = ["a", "b"]
  struct Item {
    1: required string sku
    2: optional Color color = Color.GREEN
    3: Id id = 5
    4: list<string> tags = TAGS
    5: map<string, i32> counts = {"x": 1}
    6: map<Color, set<i8>> byColor = {Color.RED: [1, 2]}
    7: binary data = "hé"
    8: double price = 1
    9: bool gift = true
    10: Item next
    11: Choice choice
    12: set<Item> set
    13: byte small
    14: uuid key
    15: string then
    16: string __proto__
    17: Box box = {"n": 7}
    18: set<string> words = ["w"]
  }
  struct Box { 1: i32 n = 1; 2: optional Choice choice = {"a": 3} }
  union Choice { 1: i32 a; 2: string b }
  exception Missing { 1: Id id; 2: string message }
  service Shop extends Base {
    Item Get(1: Id id) throws (1: Missing missing)
    i32 Add(1: i32 a, 2: i32 b)
    void Reset()
    oneway void Note(1: string text)
    Item Watch(1: Item item) (streaming.mode = "bidirectional")
    Item Collect(1: Item item) (streaming.mode = "client")
    Item Feed(1: Item item) (streaming.mode = "server")
    Item Once(1: Item item) (streaming.mode = "unary")
  }
  service Base { void Ping() }
`);

describe("descriptors of an IDL", () => {
  const Item = structOf(shop, "Item");

  it("have ids, names, requiredness and types", () => {
    expect(
      Item.fields.map(({ id, name, requiredness, type }) => `${id} ${requiredness} ${type.kind} ${name}`),
    ).toEqual([
      "1 required string sku",
      "2 optional enum color",
      "3 default i64 id",
      "4 default list tags",
      "5 default record counts",
      "6 default map byColor",
      "7 default binary data",
      "8 default double price",
      "9 default bool gift",
      "10 default struct next",
      "11 default union choice",
      "12 default set set",
      "13 default i8 small",
      "14 default uuid key",
      "15 default string then",
      "16 default string __proto__",
      "17 default struct box",
      "18 default set words",
    ]);
  });

  it("have the defaults of the IDL, fresh for each message", () => {
    const decoded = Item.decode(Item.encode({ sku: "s" })) as Record<string, unknown>;
    expect(decoded).toStrictEqual({
      sku: "s",
      color: 2,
      id: 5n,
      tags: ["a", "b"],
      counts: { x: 1 },
      byColor: new Map([[1, new Set([1, 2])]]),
      data: new TextEncoder().encode("hé"),
      price: 1,
      gift: true,
      set: [],
      small: 0,
      key: "00000000-0000-0000-0000-000000000000",
      then_: "",
      __proto___: "",
      box: { n: 7, choice: { case: "a", value: 3 } },
      words: new Set(["w"]),
    });
    (decoded["tags"] as string[]).push("mine");
    expect(Item.decode(Item.encode({ sku: "s" }))).toMatchObject({ tags: ["a", "b"] });
  });

  it("take what JavaScript cannot call so by another property, and the IDL's name in JSON", () => {
    expect(fieldOf(Item, "then").property).toBe("then_");
    const json = toJson(Item, { sku: "s", then_: "t" });
    expect(JSON.stringify(json)).toBe('{"sku":"s","then":"t"}');
    expect(fromJson(Item, json)).toMatchObject({ sku: "s", then_: "t" });
    const odd = toJson(Item, { sku: "s", __proto___: "p" });
    expect(JSON.stringify(odd)).toBe('{"sku":"s","__proto__":"p"}');
    expect(fromJson(Item, odd)).toMatchObject({ __proto___: "p" });
  });

  it("contain themselves and each other", () => {
    const value = { sku: "a", next: { sku: "b", choice: { case: "b", value: "x" } }, set: [{ sku: "c" }] };
    expect(Item.decode(Item.encode(value))).toMatchObject(value);
    expect(fieldOf(Item, "next").type).toBe(Item);
  });

  it("are classes for exceptions", () => {
    const Missing = structOf(shop, "Missing") as unknown as ExceptionClass<{ id: bigint; message: string }>;
    const error = new Missing({ id: 5n, message: "gone" });
    expect(error).toBeInstanceOf(Error);
    expect(Missing.decode(Missing.encode(error)).message).toBe("gone");
  });

  it("have i64 as numbers on request, in defaults too", () => {
    const numbers = described("struct A { 1: i64 a = 5; 2: list<i64> b = [1]; 3: i64 c }", { i64: "number" });
    const A = structOf(numbers, "A");
    expect(A.decode(A.encode({}))).toEqual({ a: 5, b: [1], c: 0 });
    expect(() => A.encode({ a: 2 ** 53 })).toThrow("safe integer");
  });

  it("reach into included files", () => {
    const text =
      'include "base.thrift"\nstruct A { 1: base.B b = {"n": 2} }\nservice S extends base.T { base.B F(1: base.B b) }';
    const files = { "base.thrift": "struct B { 1: i32 n }\nservice T { void Ping() }" };
    const from = described(text, {}, files);
    const A = structOf(from, "A");
    expect(A.decode(new Uint8Array(1))).toEqual({ b: { n: 2 } });
    expect(Object.keys(from.services.get("S")?.methods ?? {})).toEqual(["Ping", "F"]);
    expect([...from.structs.keys()]).toEqual(["A"]);
  });
});

describe("services of an IDL", () => {
  const service = shop.services.get("Shop");
  if (service === undefined) throw new Error("no Shop");

  it("have the package, and all methods by their names in the IDL, inherited ones first", () => {
    expect([service.name, service.package, service.contentSubtype]).toEqual(["Shop", "shop", "thrift"]);
    expect(Object.entries(service.methods).map(([key, { name, kind }]) => `${key} ${name} ${kind}`)).toEqual([
      "Ping Ping pingpong",
      "Get Get pingpong",
      "Add Add pingpong",
      "Reset Reset pingpong",
      "Note Note oneway",
      "Watch Watch bidi",
      "Collect Collect client",
      "Feed Feed server",
      "Once Once unary",
    ]);
  });

  it("wrap arguments and results of calls, and messages of streams not at all", () => {
    const { Get, Add, Watch } = service.methods;
    const bytes = Add?.request.encode({ a: 1, b: 2 });
    expect(Buffer.from(bytes ?? []).toString("hex")).toBe("08000100000001" + "08000200000002" + "00");
    expect(Get?.request.decode(Get.request.encode(7n))).toBe(7n);
    const Missing = structOf(shop, "Missing") as unknown as ExceptionClass<{ id: bigint; message: string }>;
    const refused = Get?.response.encodeError?.(new Missing({ id: 1n, message: "" })) as Uint8Array;
    expect(() => Get?.response.decode(refused)).toThrow(Missing);
    expect(Watch?.request.encode({ sku: "s" })).toEqual(structOf(shop, "Item").encode({ sku: "s" }));
  });

  it("can be called with JSON", () => {
    const { Get } = jsonService(service).methods;
    expect(Get?.request.encode("7")).toEqual(service.methods["Get"]?.request.encode(7n));
    expect(Get?.response.decode(Get.response.encode({ sku: "s", color: "RED" }))).toMatchObject({
      sku: "s",
      color: "RED",
      id: "5",
    });
  });
});
