import type { MessageCodec } from "@slipstream/stream";
import type { Reader } from "./protocol/reader.ts";
import type { Writer } from "./protocol/writer.ts";

/**
 * Descriptors of Thrift types: plain data that says how a value lies on the wire and what it is in TypeScript. `T` is the
 * TypeScript side; it is carried for inference only.
 */
export type Type<T = unknown> =
  | ScalarType<T>
  | EnumType<T>
  | ListType<T>
  | SetType<T>
  | MapType<T>
  | RecordType<T>
  | Struct<T>
  | ForeignStruct<T>;

interface Phantom<T> {
  /** Never present at run time. */
  readonly type?: T;
}

export type ScalarKind =
  | "bool"
  | "i8"
  | "i16"
  | "i32"
  | "i64"
  | "i64Number"
  | "double"
  | "string"
  | "binary"
  | "uuid";

export interface ScalarType<T = unknown> extends Phantom<T> {
  readonly kind: ScalarKind;
}

export interface EnumType<T = unknown> extends Phantom<T> {
  readonly kind: "enum";
  /** Numbers by name, as declared: what the generator prints as a const object. */
  readonly values: Readonly<Record<string, number>>;
}

/** An array. */
export interface ListType<T = unknown> extends Phantom<T> {
  readonly kind: "list";
  readonly element: Type;
}

/** A `Set`, or with `array` an array: what a set of structs, binary or containers is, since those compare by identity. */
export interface SetType<T = unknown> extends Phantom<T> {
  readonly kind: "set";
  readonly element: Type;
  readonly array: boolean;
}

/** A `Map`. */
export interface MapType<T = unknown> extends Phantom<T> {
  readonly kind: "map";
  readonly key: Type;
  readonly value: Type;
}

/** A map with string keys as a plain object. */
export interface RecordType<T = unknown> extends Phantom<T> {
  readonly kind: "record";
  readonly value: Type;
}

/** `argument` is what fields of an argument list are made to be: written always, and zero when they did not come. */
export type Requiredness = "default" | "required" | "optional" | "argument";

export interface FieldOptions<T = unknown> {
  /** The name in the IDL, where the property had to be called otherwise. JSON uses it. */
  readonly name?: string;
  /** The default of the IDL; a function that makes a fresh value for containers, structs and binary. */
  readonly default?: T | (() => T);
}

export interface Field {
  readonly id: number;
  /** The property in TypeScript. */
  readonly property: string;
  /** The name in the IDL. */
  readonly name: string;
  readonly type: Type;
  readonly requiredness: Requiredness;
  readonly default?: unknown;
}

export type StructKind = "struct" | "union" | "exception";

/** A struct, union or exception: a type, and the codec of its bare form in the binary protocol. */
export interface Struct<T = unknown> extends Phantom<T>, MessageCodec<T> {
  readonly kind: StructKind;
  /** The name in the IDL. */
  readonly name: string;
  readonly fields: readonly Field[];
}

/** A struct whose class brings its own code for reading and writing, as those of the Apache compiler do. */
export interface ForeignStruct<T = unknown> extends Phantom<T>, MessageCodec<T> {
  readonly kind: "foreign";
  readonly name: string;
  write(w: Writer, value: T): void;
  read(r: Reader): T;
  /** Whether a thrown value is one of these: how a declared exception is recognised. */
  isInstance(value: unknown): boolean;
}

/** What may travel as a message of a stream. */
export type Message<T = unknown> = Struct<T> | ForeignStruct<T>;

/** What an exception of these fields is in TypeScript: an `Error` that has them. */
export type Exception<Fields extends object = object> = Error & Fields;

/** The descriptor of an exception is also its class: `throw new NotFound({ id })`, `error instanceof NotFound`. */
export interface ExceptionClass<Fields extends object = object> extends Struct<Exception<Fields>> {
  new (fields: Fields): Exception<Fields>;
  readonly prototype: Exception<Fields>;
}
