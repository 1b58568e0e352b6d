import type { Span } from "./source.ts";

/** What a set of IDL files means, after every name was found and every value checked. */
export interface Model {
  /** The files asked for, in that order, without repetition. */
  readonly roots: readonly FileModel[];
  /** The roots and all files they include; an included file comes before the files that include it. */
  readonly files: readonly FileModel[];
}

/** One IDL file. */
export interface FileModel {
  /** As given, or as found through an include: relative to the includer or to a search directory. */
  readonly path: string;
  /** Base name without extension: the prefix by which other files refer to its names. */
  readonly name: string;
  /** Language (`go`, `js`, `*`, …) to namespace. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Directly included files, in source order, without repetition. */
  readonly includes: readonly FileModel[];
  /** All definitions in source order; their names are unique within the file. */
  readonly definitions: readonly Definition[];
}

export type Definition = ConstModel | TypedefModel | EnumModel | StructModel | ServiceModel;

/** What every named thing has. */
export interface Named {
  readonly name: string;
  /** Comment lines that stand before it (or behind it on the same line), without comment marks. */
  readonly doc?: string;
  readonly annotations: readonly Annotation[];
  /** Where its name stands. */
  readonly span: Span;
}

interface Defined extends Named {
  readonly file: FileModel;
}

/** `key = "value"` in parentheses; a key without a value has the value `"1"`, as the Apache compiler reads it. */
export interface Annotation {
  readonly key: string;
  readonly value: string;
  readonly span: Span;
}

export interface ConstModel extends Defined {
  readonly kind: "const";
  readonly type: Type;
  readonly value: Value;
}

export interface TypedefModel extends Defined {
  readonly kind: "typedef";
  readonly type: Type;
}

export interface EnumModel extends Defined {
  readonly kind: "enum";
  readonly members: readonly EnumMember[];
}

export interface EnumMember extends Named {
  /** A signed 32-bit integer, unique within the enum. */
  readonly value: number;
}

/** A struct, a union or an exception: the same on the wire. */
export interface StructModel extends Defined {
  readonly kind: "struct" | "union" | "exception";
  /** In source order; ids and names are unique. */
  readonly fields: readonly FieldModel[];
}

export interface FieldModel extends Named {
  /** A signed 16-bit integer. */
  readonly id: number;
  /** True when the id was not written, but is the previous field's plus one (thriftgo's rule). */
  readonly implicitId: boolean;
  /**
   * Members of a union and of `throws` are always `optional`; `default` is what is written without a keyword.
   * Arguments are `required` or `default`.
   */
  readonly requiredness: "required" | "optional" | "default";
  readonly type: Type;
  readonly defaultValue?: Value;
}

export interface ServiceModel extends Defined {
  readonly kind: "service";
  readonly extends?: ServiceModel;
  /** Its own methods; see `allMethods` for those of the services it extends too. */
  readonly methods: readonly MethodModel[];
}

/** How messages go: `unary` is one each way over a stream, asked for by `streaming.mode`. */
export type MethodKind = "pingpong" | "oneway" | "unary" | "client" | "server" | "bidi";

export interface MethodModel extends Named {
  readonly kind: MethodKind;
  /** Exactly one, a struct, union or exception, when `kind` is `client`, `server` or `bidi`. */
  readonly arguments: readonly FieldModel[];
  /** Absent for `void`. */
  readonly response?: Type;
  readonly throws: readonly FieldModel[];
}

export type BaseTypeName = "bool" | "i8" | "i16" | "i32" | "i64" | "double" | "string" | "binary" | "uuid";

/** A type as written: typedefs are kept, `resolveType` sees through them. `byte` is `i8`. */
export type Type = BaseType | ListType | SetType | MapType | TypedefType | EnumType | StructType;

/** A type behind all typedefs. */
export type ResolvedType = Exclude<Type, TypedefType>;

interface Annotated {
  readonly annotations: readonly Annotation[];
}

export interface BaseType extends Annotated {
  readonly kind: "base";
  readonly name: BaseTypeName;
}

export interface ListType extends Annotated {
  readonly kind: "list";
  readonly element: Type;
}

export interface SetType extends Annotated {
  readonly kind: "set";
  readonly element: Type;
}

export interface MapType extends Annotated {
  readonly kind: "map";
  readonly key: Type;
  readonly value: Type;
}

export interface TypedefType extends Annotated {
  readonly kind: "typedef";
  readonly definition: TypedefModel;
}

export interface EnumType extends Annotated {
  readonly kind: "enum";
  readonly definition: EnumModel;
}

/** Refers to a struct, a union or an exception: `definition.kind` tells. */
export interface StructType extends Annotated {
  readonly kind: "struct";
  readonly definition: StructModel;
}

/**
 * A constant or a default, evaluated: its kind follows the declared type, whatever it was written as
 * (`const double x = 1` is a double), and references to other constants are replaced by what they stand for.
 */
export type Value =
  | BoolValue
  | IntValue
  | DoubleValue
  | StringValue
  | EnumValue
  | ListValue
  | MapValue
  | StructValue;

interface Referring {
  /** The constant that was named here, when that has the same type: a printer may refer to it instead. */
  readonly constant?: ConstModel;
}

export interface BoolValue extends Referring {
  readonly kind: "bool";
  readonly value: boolean;
}

/** For `i8` to `i64`, within the range of the type. */
export interface IntValue extends Referring {
  readonly kind: "int";
  readonly value: bigint;
}

export interface DoubleValue extends Referring {
  readonly kind: "double";
  readonly value: number;
}

/** For `string`, for `binary` (the bytes are the text's UTF-8, as Kitex takes them) and for `uuid`. */
export interface StringValue extends Referring {
  readonly kind: "string";
  readonly value: string;
}

export interface EnumValue extends Referring {
  readonly kind: "enum";
  readonly enum: EnumModel;
  readonly value: number;
  /** Absent for the zero of an enum that has no such value. */
  readonly member?: EnumMember;
}

/** For `list` and `set`. */
export interface ListValue extends Referring {
  readonly kind: "list";
  readonly items: readonly Value[];
}

export interface MapValue extends Referring {
  readonly kind: "map";
  readonly entries: readonly (readonly [key: Value, value: Value])[];
}

export interface StructValue extends Referring {
  readonly kind: "struct";
  readonly struct: StructModel;
  /**
   * In order of declaration: the fields that were given and, of the others, those that a value must have: of required
   * and default requiredness with a default, or of default requiredness and not a struct, which are zero. For a union
   * exactly one.
   */
  readonly fields: readonly (readonly [field: FieldModel, value: Value])[];
}

/** Sees through typedefs. */
export function resolveType(type: Type): ResolvedType {
  let t = type;
  while (t.kind === "typedef") t = t.definition.type;
  return t;
}

/** Methods of a service and of all it extends, those of the farthest base first. */
export function allMethods(service: ServiceModel): readonly MethodModel[] {
  const chain: ServiceModel[] = [];
  for (let s: ServiceModel | undefined = service; s !== undefined; s = s.extends) chain.push(s);
  return chain.reverse().flatMap((s) => s.methods);
}

/**
 * The package that stands before the service in an HTTP/2 path, as Kitex builds it: the last dot-part, lower-cased,
 * of `namespace go` (or of `namespace *`), else the lower-cased base name of the file.
 */
export function packageOf(file: FileModel): string {
  const namespace = file.namespaces.get("go") ?? file.namespaces.get("*") ?? file.name;
  return namespace.slice(namespace.lastIndexOf(".") + 1).toLowerCase();
}
