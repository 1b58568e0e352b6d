import { RpcError } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import {
  createCodecs,
  exception,
  type Method,
  type Service,
  type Struct,
  service,
  struct,
  union,
  unknownFields,
} from "./index.ts";

interface User {
  name: string;
  friend?: User | undefined;
}
const User: Struct<User> = struct("User", (t) => [t.field(1, "name", t.string), t.field(2, "friend", User)]);
const Strict: Struct<{ id: number }> = struct("Strict", (t) => [t.required(1, "id", t.i32)]);
const Choice: Struct<{ case: "n"; value: number } | { case: undefined }> = union("Choice", (t) => [
  t.field(1, "n", t.i32),
]);
const Missing = exception<{ id: bigint }>("Missing", (t) => [t.field(1, "id", t.i64)]);
const Denied = exception<{ why: string }>("Denied", (t) => [t.field(1, "why", t.string)]);

const Users: Service<{
  get: Method<"pingpong", bigint, User>;
  save: Method<"pingpong", User, void>;
  rename: Method<"pingpong", { id: bigint; name: string; tags: string[]; by?: User }, number>;
  reset: Method<"pingpong", Record<string, never>, void>;
  list: Method<"unary", string, User[]>;
  choose: Method<"pingpong", { a?: { case: "n"; value: number } | { case: undefined }; n: number }, void>;
  strict: Method<"pingpong", { strict?: { id: number }; n: number }, void>;
  note: Method<"oneway", string, void>;
  watch: Method<"server", User, User>;
}> = service("Users", { package: "users" }, (m, t) => ({
  get: m.pingpong("Get", [t.field(1, "id", t.i64)], User, [
    t.field(1, "missing", Missing),
    t.field(2, "success", Denied),
  ]),
  save: m.pingpong("Save", [t.field(1, "user", User)], m.void, [t.field(1, "denied", Denied)]),
  rename: m.pingpong(
    "Rename",
    [
      t.field(1, "id", t.i64),
      t.field(3, "name", t.string),
      t.field(2, "tags", t.list(t.string)),
      t.field(4, "by", User),
    ],
    t.i32,
  ),
  reset: m.pingpong("Reset", [], m.void),
  list: m.unary("List", [t.field(1, "prefix", t.string)], t.list(User)),
  choose: m.pingpong("Choose", [t.field(1, "a", Choice), t.field(2, "n", t.i32)], m.void),
  strict: m.pingpong("Strict", [t.field(1, "strict", Strict), t.field(2, "n", t.i32)], m.void),
  note: m.oneway("Note", [t.field(1, "text", t.string)]),
  watch: m.server("Watch", User, User),
}));

const { get, save, rename, reset, list, choose, strict, note, watch } = Users.methods;

function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RpcError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("expected an error");
}

describe("a service", () => {
  it("carries its names, package and content subtype", () => {
    expect([Users.name, Users.package, Users.contentSubtype]).toEqual(["Users", "users", "thrift"]);
    expect(Object.values(Users.methods).map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "pingpong Get",
      "pingpong Save",
      "pingpong Rename",
      "pingpong Reset",
      "unary List",
      "pingpong Choose",
      "pingpong Strict",
      "oneway Note",
      "server Watch",
    ]);
  });
});

describe("a request", () => {
  it("is the value of an only argument, in a struct on the wire", () => {
    expect(hexOf(get.request.encode(5n))).toBe(hexOf(bytesOf("0a 0001 0000000000000005 00")));
    expect(get.request.decode(get.request.encode(-5n))).toBe(-5n);
    expect(save.request.decode(save.request.encode({ name: "a" }))).toEqual({ name: "a" });
    expect(note.request.decode(note.request.encode("text"))).toBe("text");
  });

  it("is an object by name for several arguments, and empty for none", () => {
    const request = { id: 1n, name: "n", tags: ["t"], by: { name: "me" } };
    expect(rename.request.decode(rename.request.encode(request))).toEqual(request);
    expect(hexOf(reset.request.encode({}))).toBe("00");
    expect(hexOf(reset.request.encode(undefined as never))).toBe("00");
    expect(reset.request.decode(new Uint8Array(1))).toEqual({});
  });

  it("writes arguments in the order of the IDL", () => {
    const request = { id: 1n, name: "", tags: [], by: { name: "" } };
    expect(hexOf(rename.request.encode(request))).toBe(
      hexOf(
        bytesOf("0a0001 0000000000000001 0b0003 00000000 0f0002 0b 00000000 0c0004 0b0001 00000000 00 00"),
      ),
    );
  });

  it("has zero, or an empty struct, for arguments that did not come", () => {
    const nothing = new Uint8Array(1);
    expect(get.request.decode(nothing)).toBe(0n);
    expect(save.request.decode(nothing)).toEqual({ name: "" });
    expect(rename.request.decode(nothing)).toEqual({ id: 0n, name: "", tags: [], by: { name: "" } });
    expect(choose.request.decode(nothing)).toEqual({ a: { case: undefined }, n: 0 });
    expect(messageOf(() => strict.request.decode(nothing))).toBe(
      "internal: Strict.id: is required, but was not sent",
    );
  });

  it("writes an empty struct for a struct that was not given", () => {
    const bytes = rename.request.encode({ id: 0n, name: "", tags: [] });
    expect(hexOf(bytes)).toContain("0c0004");
    expect(rename.request.decode(bytes).by).toEqual({ name: "" });
  });

  it("says by its name which argument is wrong, inside of an only one too", () => {
    expect(messageOf(() => save.request.encode({ name: 5 } as never))).toBe(
      "invalid_argument: Save arguments.user.name: expected a string, got 5",
    );
    expect(messageOf(() => save.request.decode(bytesOf("0c0001 0b0001 00000009 61")))).toContain(
      "internal: Save arguments.user.name: ",
    );
  });

  it("is refused without a scalar argument, or without its only one", () => {
    expect(messageOf(() => rename.request.encode({ id: 1n } as never))).toBe(
      "invalid_argument: Rename arguments.name: is required, got undefined",
    );
    expect(messageOf(() => get.request.encode(undefined as never))).toBe(
      "invalid_argument: Get arguments.id: expected a value, got undefined",
    );
    expect(messageOf(() => get.request.encode("5" as never))).toBe(
      'invalid_argument: Get arguments.id: expected a bigint, got "5"',
    );
  });

  it("is the bare struct for streaming methods", () => {
    expect(hexOf(watch.request.encode({ name: "a" }))).toBe(hexOf(bytesOf("0b 0001 00000001 61 00")));
    expect(watch.response.decode(bytesOf("0b 0001 00000001 61 00"))).toEqual({ name: "a" });
  });
});

describe("a response", () => {
  it("is field 0 of a struct on the wire", () => {
    expect(hexOf(rename.response.encode(7))).toBe(hexOf(bytesOf("08 0000 00000007 00")));
    expect(rename.response.decode(rename.response.encode(7))).toBe(7);
    expect(list.response.decode(list.response.encode([{ name: "a" }]))).toEqual([{ name: "a" }]);
    expect(get.response.decode(get.response.encode({ name: "a" }))).toEqual({ name: "a" });
  });

  it("is an empty struct for nothing", () => {
    expect(hexOf(save.response.encode(undefined))).toBe("00");
    expect(save.response.decode(new Uint8Array(1))).toBeUndefined();
  });

  it("may come without a value, as Kitex sends nil", () => {
    const nothing = new Uint8Array(1);
    expect(get.response.decode(nothing)).toBeUndefined();
    expect(rename.response.decode(nothing)).toBe(0);
    expect(list.response.decode(nothing)).toEqual([]);
  });

  it("is refused without a value", () => {
    expect(messageOf(() => get.response.encode(undefined as never))).toBe(
      "invalid_argument: Get result: expected a value, got undefined",
    );
  });

  it("carries a declared exception, which decoding throws as itself", () => {
    const bytes = get.response.encodeError?.(new Missing({ id: 9n }));
    expect(hexOf(bytes)).toBe(hexOf(bytesOf("0c 0001 0a 0001 0000000000000009 00 00")));
    expect(() => get.response.decode(bytes as Uint8Array)).toThrow(Missing);
    expect(() => get.response.decode(bytes as Uint8Array)).toThrow(expect.objectContaining({ id: 9n }));
    const denied = get.response.encodeError?.(new Denied({ why: "no" })) as Uint8Array;
    expect(() => get.response.decode(denied)).toThrow(expect.objectContaining({ why: "no" }));
  });

  it("carries no other error", () => {
    expect(get.response.encodeError?.(new Error("x"))).toBeUndefined();
    expect(save.response.encodeError?.(new Missing({ id: 1n }))).toBeUndefined();
    expect(rename.response.encodeError?.(new Missing({ id: 1n }))).toBeUndefined();
    expect(get.response.encodeError?.(undefined)).toBeUndefined();
  });
});

describe("codecs with options", () => {
  it("are a service's, too", () => {
    const compact = createCodecs({ protocol: "compact" }).service(Users).methods;
    expect(hexOf(compact.get.request.encode(5n))).toBe("160a00");
    expect(compact.get.request.decode(bytesOf("160a00"))).toBe(5n);
    expect(hexOf(compact.watch.request.encode({ name: "a" }))).toBe("18016100");
    expect(() =>
      compact.get.response.decode(compact.get.response.encodeError?.(new Missing({ id: 9n })) as Uint8Array),
    ).toThrow(Missing);
    expect(compact.reset.kind).toBe("pingpong");
  });

  it("can be changed again", () => {
    const compact = createCodecs({ protocol: "compact" }).service(Users);
    const binary = createCodecs({}).service(compact).methods;
    expect(binary.get.request.encode(5n)).toEqual(get.request.encode(5n));
    expect(binary.watch.request.encode({ name: "a" })).toEqual(watch.request.encode({ name: "a" }));
  });

  it("keep unknown fields of requests", () => {
    const kept = createCodecs({ unknownFields: "keep" }).service(Users).methods.watch;
    expect(kept.request.decode(bytesOf("08 0009 00000001 00"))).toMatchObject({
      [unknownFields]: [{ id: 9, type: 8 }],
    });
  });

  it("are those of one struct, always the same", () => {
    const codecs = createCodecs({});
    expect(codecs.struct(User)).toBe(codecs.struct(User));
  });

  it("need descriptors of this package", () => {
    const foreign = { ...watch, request: { encode: () => new Uint8Array(), decode: () => 1 } };
    expect(() => createCodecs({}).service({ ...Users, methods: { foreign } })).toThrow(TypeError);
  });
});
