import { type ExceptionClass, exception, type Struct, struct, t, union } from "../src/index.ts";

const Color = { RED: 1, GREEN: 2, BLUE: -3 } as const;

export const Leaf: Struct = struct("Leaf", () => [
  t.required(1, "name", t.string),
  t.optional(2, "n", t.i64),
]);

export const Choice: Struct = union("Choice", () => [
  t.optional(1, "text", t.string),
  t.optional(2, "leaf", Leaf),
  t.optional(30, "tree", Everything),
  t.optional(4, "flag", t.bool),
]);

export const Failure: ExceptionClass<{ code: number; message?: string }> = exception("Failure", () => [
  t.field(1, "code", t.i32),
  t.optional(2, "message", t.string),
]);

/** Every type that Thrift has but uuid, every requiredness, ids that go up and down, and structs that contain themselves. */
export const Everything: Struct = struct("Everything", () => [
  t.required(1, "aBool", t.bool),
  t.required(2, "anI8", t.i8),
  t.required(3, "anI16", t.i16),
  t.required(20, "anI32", t.i32),
  t.field(5, "anI64", t.i64),
  t.field(6, "aDouble", t.double),
  t.field(7, "aString", t.string),
  t.field(8, "aBinary", t.binary),
  t.field(9, "anEnum", t.enum(Color)),
  t.field(10, "aNumber", t.i64Number),
  t.optional(-1, "bools", t.list(t.bool)),
  t.optional(12, "i8s", t.list(t.i8)),
  t.optional(13, "i64s", t.set(t.i64)),
  t.optional(14, "doubles", t.list(t.double)),
  t.optional(15, "strings", t.set(t.string)),
  t.optional(300, "binaries", t.setArray(t.binary)),
  t.optional(17, "leaves", t.list(Leaf)),
  t.optional(18, "byText", t.record(t.i32)),
  t.optional(19, "byNumber", t.map(t.i64, t.list(t.string))),
  t.optional(21, "byFlag", t.map(t.bool, Leaf)),
  t.optional(22, "deep", t.map(t.enum(Color), t.list(t.record(t.setArray(t.list(t.i16)))))),
  t.optional(23, "flag", t.bool),
  t.field(24, "leaf", Leaf),
  t.optional(25, "choice", Choice),
  t.optional(26, "failure", Failure),
  t.optional(27, "self", Everything),
  t.optional(32767, "selves", t.list(Everything)),
  t.optional(-32768, "last", t.bool),
]);
