import { type MessageCodec, type ResponseCodec, RpcError } from "@slipstream/stream";
import { type CodecFamily, defaultFamily } from "./codec.ts";
import { describe } from "./fault.ts";
import { wireTypeOf, zeroOf } from "./plan.ts";
import * as WireType from "./protocol/wire-type.ts";
import { StructDescriptor } from "./struct.ts";
import type { Field, Message, Struct, Type } from "./types.ts";

/** The result of a method that returns nothing; told by identity. */
export const voidType: Type<void> = { kind: "bool" };

type Values = Record<string, unknown>;

/** A struct of nothing but its end: what a struct that was not sent is decoded from. */
const emptyStruct = new Uint8Array(1);

/*
 * Where a struct has one value, it is coded under a name that is the same for all methods: an object with a property whose
 * name must be computed costs more than the rest of a small message.
 */

/**
 * The request of a method that is called: a struct of its arguments. All are written; one that did not come is zero, or,
 * being a struct, an empty one, as Kitex writes and reads them.
 */
export class ArgumentsCodec<T> implements MessageCodec<T> {
  readonly struct: Struct<Values>;
  /** The only argument, whose value is then the request itself. */
  readonly single: Field | undefined;
  readonly #args: readonly Field[];
  readonly #named: MessageCodec<Values>;
  readonly #unnamed: MessageCodec<{ readonly value: T }> | undefined;

  constructor(method: string, args: readonly Field[], family: CodecFamily = defaultFamily) {
    const fields = args.map((field) => argument(field, family));
    this.struct = new StructDescriptor("struct", `${method} arguments`, () => fields);
    this.single = fields.length === 1 ? fields[0] : undefined;
    this.#args = args;
    this.#named = family.codec(this.struct);
    if (this.single === undefined) return;
    const value = { ...this.single, property: "value" };
    this.#unnamed = family.codec(new StructDescriptor("struct", this.struct.name, () => [value]));
  }

  encode(request: T): Uint8Array {
    if (this.single === undefined || this.#unnamed === undefined) {
      return this.#named.encode((request ?? {}) as Values);
    }
    if (request === undefined || request === null) {
      throw new RpcError(
        "invalid_argument",
        `${this.struct.name}.${this.single.property}: expected a value, got ${describe(request)}`,
      );
    }
    try {
      return this.#unnamed.encode({ value: request });
    } catch {
      // For an error that says which argument it was.
      return this.#named.encode({ [this.single.property]: request });
    }
  }

  decode(bytes: Uint8Array, isOwned?: boolean): T {
    if (this.single === undefined || this.#unnamed === undefined) {
      return this.#named.decode(bytes, isOwned) as T;
    }
    try {
      return this.#unnamed.decode(bytes, isOwned).value;
    } catch {
      return this.#named.decode(bytes, isOwned)[this.single.property] as T;
    }
  }

  with(method: string, family: CodecFamily): ArgumentsCodec<T> {
    return new ArgumentsCodec(method, this.#args, family);
  }
}

function argument(field: Field, family: CodecFamily): Field {
  if (field.requiredness === "required") return field;
  const { type } = field;
  const empty =
    field.default === undefined && wireTypeOf(type) === WireType.Struct
      ? { default: () => family.codec(type as Message).decode(emptyStruct) }
      : undefined;
  return { ...field, requiredness: "argument", ...empty };
}

/** The response of a method that is called: a struct of which one field is set, the value or a declared exception. */
export class ResultCodec<T> implements ResponseCodec<T> {
  readonly type: Type<T>;
  readonly throws: readonly Field[];
  readonly #name: string;
  readonly #codec: MessageCodec<Values & { readonly success?: T }>;

  constructor(method: string, type: Type<T>, throws: readonly Field[], family: CodecFamily = defaultFamily) {
    this.type = type;
    this.throws = throws.map((field) => ({
      ...field,
      // The value is called so; no name of an IDL has a blank.
      property: field.property === "success" ? "throws success" : field.property,
      requiredness: "optional",
    }));
    this.#name = `${method} result`;
    const value: Field = { id: 0, property: "success", name: "success", type, requiredness: "optional" };
    const fields = this.isVoid ? this.throws : [value, ...this.throws];
    this.#codec = family.codec(new StructDescriptor("struct", this.#name, () => fields));
  }

  get isVoid(): boolean {
    return this.type === voidType;
  }

  encode(response: T): Uint8Array {
    if (this.isVoid) return this.#codec.encode({});
    if (response === undefined || response === null) {
      throw new RpcError("invalid_argument", `${this.#name}: expected a value, got ${describe(response)}`);
    }
    return this.#codec.encode({ success: response });
  }

  encodeError(error: unknown): Uint8Array | undefined {
    const field = this.throws.find(({ type }) => isInstance(type, error));
    return field === undefined ? undefined : this.#codec.encode({ [field.property]: error });
  }

  /** A missing value is no error, since Kitex sends none for nil: it is zero, and for a struct `undefined`. */
  decode(bytes: Uint8Array, isOwned?: boolean): T {
    const values = this.#codec.decode(bytes, isOwned);
    for (const { property } of this.throws) {
      const error = values[property];
      // oxlint-disable-next-line typescript/only-throw-error -- a declared exception, whatever its class is
      if (error !== undefined) throw error;
    }
    if (this.isVoid) return undefined as T;
    return values.success ?? (zeroOf(this.type) as T);
  }

  with(method: string, family: CodecFamily): ResultCodec<T> {
    return new ResultCodec(method, this.type, this.throws, family);
  }
}

function isInstance(type: Type, error: unknown): boolean {
  if (type.kind === "foreign") return type.isInstance(error);
  return type.kind === "exception" && typeof type === "function" && error instanceof (type as () => void);
}
