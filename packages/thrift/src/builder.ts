import type {
  EnumType,
  Field,
  FieldOptions,
  ListType,
  MapType,
  RecordType,
  Requiredness,
  ScalarKind,
  ScalarType,
  SetType,
  Type,
} from "./types.ts";

/** Names of types and fields, handed to the functions that list the fields of a struct. */
export interface TypeBuilder {
  readonly bool: Type<boolean>;
  readonly i8: Type<number>;
  readonly i16: Type<number>;
  readonly i32: Type<number>;
  readonly i64: Type<bigint>;
  /** An i64 as a number: a value beyond ±(2^53 - 1) is an error in both directions. */
  readonly i64Number: Type<number>;
  readonly double: Type<number>;
  readonly string: Type<string>;
  readonly binary: Type<Uint8Array>;
  /** `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, lower case after decoding. */
  readonly uuid: Type<string>;
  /** An i32 on the wire; numbers without a name pass, as they do in Kitex. */
  enum<T extends number>(values: Readonly<Record<string, T>>): Type<T>;
  list<T>(element: Type<T>): Type<T[]>;
  set<T>(element: Type<T>): Type<Set<T>>;
  /** A set held in an array: for structs, binary and containers, which a `Set` would compare by identity. */
  setArray<T>(element: Type<T>): Type<T[]>;
  map<K, V>(key: Type<K>, value: Type<V>): Type<Map<K, V>>;
  /** A map with string keys as a plain object. */
  record<V>(value: Type<V>): Type<Record<string, V>>;

  /** A field that says neither `required` nor `optional`, and every argument and `throws` entry. */
  field<T>(id: number, property: string, type: Type<T>, options?: FieldOptions<T>): Field;
  required<T>(id: number, property: string, type: Type<T>, options?: FieldOptions<T>): Field;
  optional<T>(id: number, property: string, type: Type<T>, options?: FieldOptions<T>): Field;
}

function scalar<T>(kind: ScalarKind): ScalarType<T> {
  return { kind };
}

function fieldOf(requiredness: Requiredness) {
  return (id: number, property: string, type: Type, options: FieldOptions = {}): Field => ({
    id,
    property,
    name: options.name ?? property,
    type,
    requiredness,
    ...("default" in options ? { default: options.default } : undefined),
  });
}

export const t: TypeBuilder = {
  bool: scalar("bool"),
  i8: scalar("i8"),
  i16: scalar("i16"),
  i32: scalar("i32"),
  i64: scalar("i64"),
  i64Number: scalar("i64Number"),
  double: scalar("double"),
  string: scalar("string"),
  binary: scalar("binary"),
  uuid: scalar("uuid"),
  enum: (values): EnumType<never> => ({ kind: "enum", values }),
  list: (element): ListType<never> => ({ kind: "list", element }),
  set: (element): SetType<never> => ({ kind: "set", element, array: false }),
  setArray: (element): SetType<never> => ({ kind: "set", element, array: true }),
  map: (key, value): MapType<never> => ({ kind: "map", key, value }),
  record: (value): RecordType<never> => ({ kind: "record", value }),
  field: fieldOf("default"),
  required: fieldOf("required"),
  optional: fieldOf("optional"),
};
