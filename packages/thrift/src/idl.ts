/**
 * Descriptors made from IDL at run time, as `@slipstream/thrift-idl` parses it: the same as the generator prints, and as
 * fast, without generated code. Types and values are then known to the program alone.
 *
 * @packageDocumentation
 */
import type { AnyMethod } from "@slipstream/stream";
import { type TypeBuilder, t } from "./builder.ts";
import type {
  IdlDefinition,
  IdlField,
  IdlFile,
  IdlMethod,
  IdlService,
  IdlStruct,
  IdlType,
  IdlValue,
} from "./idl-model.ts";
import { setEntry } from "./interpret.ts";
import { utf8Bytes } from "./protocol/platform.ts";
import { type MethodBuilder, type Service, service } from "./service.ts";
import { exception, struct, union } from "./struct.ts";
import type { Field, FieldOptions, Message, Struct, Type } from "./types.ts";

export type { IdlFile } from "./idl-model.ts";

export interface DescribeOptions {
  /**
   * What an i64 is: a bigint, or a number, which cannot hold more than 2^53 - 1 and fails in both directions on more.
   * @defaultValue "bigint"
   */
  readonly i64?: "bigint" | "number";
}

/** What one IDL file defines, by names of the IDL. */
export interface Described {
  readonly structs: ReadonlyMap<string, Struct>;
  readonly services: ReadonlyMap<string, Service<Record<string, AnyMethod>>>;
}

/**
 * Descriptors for the definitions of a file, inherited methods included. Properties of messages are the IDL's names;
 * methods are found by their names in the IDL too. `then`, `constructor` and `__proto__` get a `_` behind them, since
 * JavaScript has its own idea of these.
 *
 * @example
 * const { model } = buildModel([new SourceFile("shop.thrift", text)]);
 * const shop = describeFile(model.roots[0]).services.get("Shop");
 */
export function describeFile(file: IdlFile, options: DescribeOptions = {}): Described {
  return new Describer(options).file(file);
}

class Describer {
  readonly #options: DescribeOptions;
  readonly #structs = new Map<IdlStruct, Struct>();

  constructor(options: DescribeOptions) {
    this.#options = options;
  }

  file(file: IdlFile): Described {
    const structs = new Map<string, Struct>();
    const services = new Map<string, Service<Record<string, AnyMethod>>>();
    for (const definition of file.definitions) {
      if (isStruct(definition)) structs.set(definition.name, this.#struct(definition));
      else if (isService(definition)) services.set(definition.name, this.#service(file, definition));
    }
    return { structs, services };
  }

  #struct(model: IdlStruct): Struct {
    let descriptor = this.#structs.get(model);
    if (descriptor === undefined) {
      const make = { struct, union, exception }[model.kind] as typeof struct;
      descriptor = make(model.name, () => this.#fields(model.fields));
      this.#structs.set(model, descriptor);
    }
    return descriptor;
  }

  #fields(fields: readonly IdlField[]): Field[] {
    return fields.map((field) => this.#field(field, t));
  }

  #field(field: IdlField, builder: TypeBuilder): Field {
    const make = {
      default: builder.field,
      required: builder.required,
      optional: builder.optional,
    }[field.requiredness];
    const { defaultValue } = field;
    const type = this.#type(field.type);
    const options: FieldOptions = {
      name: field.name,
      ...(defaultValue !== undefined && { default: this.#default(defaultValue, field.type, isScalar(type)) }),
    };
    return make(field.id, propertyOf(field.name), type, options);
  }

  #type(type: IdlType): Type {
    switch (type.kind) {
      case "base":
        return type.name === "i64" && this.#options.i64 === "number" ? t.i64Number : t[type.name];
      case "typedef":
        return this.#type(type.definition.type);
      case "enum":
        return t.enum(
          Object.fromEntries(type.definition.members.map((member) => [member.name, member.value])),
        );
      case "list":
        return t.list(this.#type(type.element));
      case "set": {
        const element = this.#type(type.element);
        return isScalar(element) ? t.set(element) : t.setArray(element);
      }
      case "map": {
        const key = this.#type(type.key);
        const value = this.#type(type.value);
        return key.kind === "string" ? t.record(value) : t.map(key, value);
      }
      case "struct":
        return this.#struct(type.definition);
    }
  }

  /** Fresh for each message where it could be changed. */
  #default(value: IdlValue, type: IdlType, scalar: boolean): unknown {
    return scalar ? this.#value(value, type) : () => this.#value(value, type);
  }

  #value(value: IdlValue, declared: IdlType): unknown {
    const type = resolve(declared);
    switch (value.kind) {
      case "int":
        return type.kind === "base" && type.name === "i64" && this.#options.i64 !== "number"
          ? value.value
          : Number(value.value);
      case "string":
        return type.kind === "base" && type.name === "binary" ? utf8Bytes(value.value) : value.value;
      case "list": {
        const items = value.items.map((item) => this.#value(item, elementOf(type)));
        return this.#type(type).kind === "set" && isScalar(this.#type(elementOf(type)))
          ? new Set(items)
          : items;
      }
      case "map":
        return this.#map(value.entries, type);
      case "struct": {
        const entries = value.fields.map(([field, member]) => [
          propertyOf(field.name),
          this.#value(member, field.type),
        ]);
        return this.#structValue(value.struct, entries as [string, unknown][]);
      }
      default:
        return value.value;
    }
  }

  #map(entries: readonly (readonly [IdlValue, IdlValue])[], type: IdlType): unknown {
    if (type.kind !== "map") throw new TypeError(`a map for a ${type.kind}`);
    const pairs = entries.map(
      ([key, value]) => [this.#value(key, type.key), this.#value(value, type.value)] as const,
    );
    if (this.#type(type.key).kind !== "string") return new Map(pairs);
    const record: Record<string, unknown> = {};
    for (const [key, value] of pairs) setEntry(record, key as string, value);
    return record;
  }

  #structValue(model: IdlStruct, entries: [string, unknown][]): unknown {
    if (model.kind !== "union") {
      const fields = Object.fromEntries(entries);
      if (model.kind === "struct") return fields;
      return new (this.#struct(model) as unknown as new (values: object) => Error)(fields);
    }
    const [first] = entries;
    return first === undefined ? { case: undefined } : { case: first[0], value: first[1] };
  }

  #service(file: IdlFile, model: IdlService): Service<Record<string, AnyMethod>> {
    return service(model.name, { package: packageOf(file) }, (m) =>
      Object.fromEntries(
        allMethods(model).map((method) => [propertyOf(method.name), this.#method(m, method)]),
      ),
    );
  }

  #method(m: MethodBuilder, method: IdlMethod): AnyMethod {
    const { name, kind } = method;
    if (kind === "client" || kind === "server" || kind === "bidi") {
      const request = this.#type((method.arguments[0] as IdlField).type) as Message;
      return m[kind](name, request, this.#type(method.response as IdlType) as Message);
    }
    const args = this.#fields(method.arguments);
    if (kind === "oneway") return m.oneway(name, args);
    const result = method.response === undefined ? m.void : this.#type(method.response);
    return m[kind](name, args, result, this.#fields(method.throws));
  }
}

function isStruct(definition: IdlDefinition): definition is IdlStruct {
  return definition.kind === "struct" || definition.kind === "union" || definition.kind === "exception";
}

function isService(definition: IdlDefinition): definition is IdlService {
  return definition.kind === "service";
}

function propertyOf(name: string): string {
  return name === "__proto__" || name === "constructor" || name === "then" ? `${name}_` : name;
}

function isScalar(type: Type): boolean {
  switch (type.kind) {
    case "binary":
    case "list":
    case "set":
    case "map":
    case "record":
    case "struct":
    case "union":
    case "exception":
    case "foreign":
      return false;
    default:
      return true;
  }
}

function resolve(type: IdlType): IdlType {
  return type.kind === "typedef" ? resolve(type.definition.type) : type;
}

function elementOf(type: IdlType): IdlType {
  if (type.kind !== "list" && type.kind !== "set") throw new TypeError(`a list for a ${type.kind}`);
  return type.element;
}

function allMethods(model: IdlService): IdlMethod[] {
  return model.extends === undefined ? [...model.methods] : [...allMethods(model.extends), ...model.methods];
}

/** The last dot-part of the Go namespace, in lower case: what Kitex puts before the service in an HTTP/2 path. */
function packageOf(file: IdlFile): string {
  const namespace = file.namespaces.get("go") ?? file.namespaces.get("*") ?? file.name;
  return namespace.slice(namespace.lastIndexOf(".") + 1).toLowerCase();
}
