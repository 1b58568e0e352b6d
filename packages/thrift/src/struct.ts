import { type TypeBuilder, t } from "./builder.ts";
import { type StructCodec, structCodec } from "./codec.ts";
import type { Exception, ExceptionClass, Field, Struct, StructKind } from "./types.ts";

type FieldList = (t: TypeBuilder) => readonly Field[];

export class StructDescriptor<T> implements Struct<T> {
  readonly kind: StructKind;
  readonly name: string;
  readonly #list: FieldList;
  #fields: readonly Field[] | undefined;
  #codec: StructCodec<T> | undefined;

  constructor(kind: StructKind, name: string, fields: FieldList) {
    this.kind = kind;
    this.name = name;
    this.#list = fields;
  }

  get fields(): readonly Field[] {
    this.#fields ??= this.#list(t);
    return this.#fields;
  }

  encode(value: T): Uint8Array {
    this.#codec ??= structCodec<T>(this);
    return this.#codec.encode(value);
  }

  decode(bytes: Uint8Array, isOwned?: boolean): T {
    this.#codec ??= structCodec<T>(this);
    return this.#codec.decode(bytes, isOwned);
  }

  release(bytes: Uint8Array): void {
    this.#codec?.release(bytes);
  }
}

/**
 * A struct. `fields` is called on first use, so structs may name each other in any order.
 *
 * @example
 * export const Request: Struct<Request> = struct("Request", (t) => [
 *   t.required(1, "message", t.string),
 *   t.optional(2, "locale", t.string),
 * ]);
 */
export function struct<T>(name: string, fields: FieldList): Struct<T> {
  return new StructDescriptor<T>("struct", name, fields);
}

/**
 * A union: `{ case: "circle", value: Circle }`, one alternative a field; `{ case: undefined }` when the peer sent one that
 * this IDL does not have.
 */
export function union<T>(name: string, fields: FieldList): Struct<T> {
  return new StructDescriptor<T>("union", name, fields);
}

/** A value as text. What has a `toString` of its own, as a map from text that was received may, need not have text. */
function shown(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

/** An exception: descriptor and class in one. */
export function exception<Fields extends object>(name: string, fields: FieldList): ExceptionClass<Fields> {
  const descriptor = new StructDescriptor<Exception<Fields>>("exception", name, fields);
  const ThriftException = class extends Error {
    constructor(values: Fields) {
      super();
      for (const field of descriptor.fields) {
        const value: unknown = values[field.property as keyof Fields];
        // Own, even when undefined: Error's inherited name and message are no values of the field.
        Object.defineProperty(this, field.property, {
          value,
          writable: true,
          configurable: true,
          enumerable: value !== undefined,
        });
      }
    }
  };
  Object.defineProperties(ThriftException.prototype, {
    name: { value: name, writable: true, configurable: true },
    // For logs, and for where only a text can travel. A field called message hides it.
    message: {
      set(value: unknown) {
        Object.defineProperty(this, "message", { value, writable: true, configurable: true });
      },
      get(this: Record<string, unknown>) {
        const values = descriptor.fields.filter(({ property }) => this[property] !== undefined);
        return `${name}(${values.map(({ property }) => `${property}: ${shown(this[property])}`).join(", ")})`;
      },
      configurable: true,
    },
  });
  Object.defineProperties(ThriftException, {
    name: { value: name },
    kind: { value: "exception" },
    fields: { get: () => descriptor.fields },
    encode: { value: (value: Exception<Fields>) => structCodec(type).encode(value) },
    decode: { value: (bytes: Uint8Array, isOwned?: boolean) => structCodec(type).decode(bytes, isOwned) },
  });
  const type = ThriftException as unknown as ExceptionClass<Fields>;
  return type;
}
