import { isBytes } from "./protocol/platform.ts";
import type { Reader } from "./protocol/reader.ts";
import * as WireType from "./protocol/wire-type.ts";
import type { Writer } from "./protocol/writer.ts";
import type { ScalarKind, Type } from "./types.ts";

/** What there is to know of a type that holds no other. */
export interface Scalar<T = unknown> {
  readonly wire: WireType.Id;
  /** What a field that was not sent is. */
  readonly zero: T;
  /** What is expected, for "expected …, got …". */
  readonly words: string;
  fits(value: unknown): boolean;
  read(r: Reader): T;
  write(w: Writer, value: T): void;
}

function scalar<T>(
  wire: WireType.Id,
  zero: T,
  words: string,
  fits: (value: unknown) => boolean,
  read: (r: Reader) => T,
  write: (w: Writer, value: T) => void,
): Scalar {
  return { wire, zero, words, fits, read, write: write as Scalar["write"] };
}

function is(type: string) {
  return (value: unknown): boolean => typeof value === type;
}

function isInteger(bits: number) {
  const unused = 32 - bits;
  return (value: unknown): boolean => typeof value === "number" && (value << unused) >> unused === value;
}

export const scalars: Readonly<Record<ScalarKind | "enum", Scalar>> = {
  bool: scalar(
    WireType.Bool,
    false,
    "a boolean",
    is("boolean"),
    (r) => r.bool(),
    (w, v) => w.bool(v),
  ),
  i8: scalar(
    WireType.I8,
    0,
    "an integer of 8 bits",
    isInteger(8),
    (r) => r.i8(),
    (w, v) => w.i8(v),
  ),
  i16: scalar(
    WireType.I16,
    0,
    "an integer of 16 bits",
    isInteger(16),
    (r) => r.i16(),
    (w, v) => w.i16(v),
  ),
  i32: scalar(
    WireType.I32,
    0,
    "an integer of 32 bits",
    isInteger(32),
    (r) => r.i32(),
    (w, v) => w.i32(v),
  ),
  enum: scalar(
    WireType.I32,
    0,
    "an enum value (an integer of 32 bits)",
    isInteger(32),
    (r) => r.i32(),
    (w, v) => w.i32(v),
  ),
  i64: scalar(
    WireType.I64,
    0n,
    "a bigint",
    is("bigint"),
    (r) => r.i64(),
    (w, v) => w.i64(v),
  ),
  i64Number: scalar(
    WireType.I64,
    0,
    "a safe integer",
    Number.isSafeInteger,
    (r) => r.i64Number(),
    (w, v) => w.i64Number(v),
  ),
  double: scalar(
    WireType.Double,
    0,
    "a number",
    is("number"),
    (r) => r.double(),
    (w, v) => w.double(v),
  ),
  string: scalar(
    WireType.String,
    "",
    "a string",
    is("string"),
    (r) => r.string(),
    (w, v) => w.string(v),
  ),
  binary: scalar(
    WireType.String,
    new Uint8Array(0),
    "a Uint8Array",
    isBytes,
    (r) => r.binary(),
    (w, v) => w.binary(v),
  ),
  uuid: scalar(
    WireType.Uuid,
    "00000000-0000-0000-0000-000000000000",
    "a UUID",
    is("string"),
    (r) => r.uuid(),
    (w, v) => w.uuid(v),
  ),
};

/** Undefined for structs and containers. */
export function scalarOf(type: Type): Scalar | undefined {
  return scalars[type.kind as ScalarKind];
}
