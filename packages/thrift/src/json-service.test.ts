import { describe, expect, it } from "vitest";
import {
  createCodecs,
  exception,
  type JsonValue,
  jsonService,
  type Struct,
  service,
  struct,
} from "./index.ts";

const User: Struct<object> = struct("User", (t) => [t.field(1, "id", t.i64), t.field(2, "name", t.string)]);
const Missing = exception<{ id: bigint }>("Missing", (t) => [t.field(1, "id", t.i64)]);
const Users = service("Users", { package: "users" }, (m, t) => ({
  get: m.pingpong("Get", [t.field(1, "id", t.i64)], User, [t.field(1, "missing", Missing)]),
  add: m.pingpong("Add", [t.field(1, "a", t.i64), t.field(2, "b", t.i64)], t.i64),
  reset: m.pingpong("Reset", [], m.void),
  note: m.oneway("Note", [t.field(1, "text", t.string)]),
  watch: m.bidi("Watch", User, User),
}));

describe("a service of JSON", () => {
  const { get, add, reset, note, watch } = jsonService(Users).methods;

  it("has the same names and kinds", () => {
    expect(jsonService(Users)).toMatchObject({ name: "Users", package: "users", contentSubtype: "thrift" });
    expect([get.name, get.kind, watch.name, watch.kind]).toEqual(["Get", "pingpong", "Watch", "bidi"]);
  });

  it("sends the bytes of the service itself", () => {
    expect(get.request.encode("5")).toEqual(Users.methods.get.request.encode(5n as never));
    expect(add.request.encode({ a: 1, b: "2" })).toEqual(
      Users.methods.add.request.encode({ a: 1n, b: 2n } as never),
    );
    expect(reset.request.encode({})).toEqual(new Uint8Array(1));
    expect(note.request.encode("x")).toEqual(Users.methods.note.request.encode("x" as never));
    expect(watch.request.encode({ id: 1, name: "n" })).toEqual(User.encode({ id: 1n, name: "n" }));
  });

  it("answers in JSON, and undefined for nothing", () => {
    const user: JsonValue = { id: "7", name: "n" };
    expect(get.response.decode(get.response.encode(user))).toEqual(user);
    expect(add.response.decode(add.response.encode(3))).toBe("3");
    expect(reset.response.decode(reset.response.encode(undefined))).toBeUndefined();
    expect(get.response.decode(new Uint8Array(1))).toBeUndefined();
    expect(get.request.decode(get.request.encode("5"))).toBe("5");
    expect(watch.response.decode(watch.response.encode(user))).toEqual(user);
  });

  it("throws declared exceptions as themselves", () => {
    const bytes = get.response.encodeError?.(new Missing({ id: 3n })) as Uint8Array;
    expect(() => get.response.decode(bytes)).toThrow(Missing);
  });

  it("takes the options of JSON, over any codecs", () => {
    const compact = jsonService(createCodecs({ protocol: "compact" }).service(Users), {
      i64: "number",
    }).methods;
    expect(compact.get.request.decode(compact.get.request.encode(5))).toBe(5);
    expect(compact.get.request.encode(5)).toEqual(new Uint8Array([0x16, 0x0a, 0]));
    expect(compact.watch.request.decode(compact.watch.request.encode({ id: 1, name: "" }))).toEqual({
      id: 1,
      name: "",
    });
  });
});
