/**
 * Classes that the Apache compiler generated for npm `thrift` (`thrift --gen js:node`, with or without `ts` and `es6`), as
 * messages of our methods: for programs that have such code and move over step by step.
 *
 * @packageDocumentation
 */
import { ApacheInput, ApacheOutput, type Int64Class, type Int64Like } from "./apache-protocol.ts";
import { structCodec } from "./codec.ts";
import { describe, Fault } from "./fault.ts";
import type { Reader } from "./protocol/reader.ts";
import type { Writer } from "./protocol/writer.ts";
import type { ForeignStruct } from "./types.ts";

export type { Int64Class, Int64Like };

/** A generated class. Its declarations (`ts`) do not mention `read` and `write`, which every instance has. */
export type ApacheClass<T extends object> = new (fields?: never) => T;

export interface ApacheOptions {
  /**
   * The class of i64 values, `Int64` of npm `thrift`: generated declarations promise it.
   * @defaultValue none: i64 values are decoded as bigint. Encoding takes Int64, bigint, number and decimal text anyway
   */
  readonly Int64?: Int64Class;
}

interface Instance {
  read(input: ApacheInput): void;
  write(output: ApacheOutput): void;
}

class ApacheStruct<T extends object> implements ForeignStruct<T> {
  readonly kind = "foreign";
  readonly name: string;
  readonly #class: ApacheClass<T>;
  readonly #Int64: Int64Class | undefined;

  constructor(type: ApacheClass<T>, options: ApacheOptions) {
    // The compiler assigns classes to properties, so that most have no name.
    this.name = type.name === "" ? "Apache struct" : type.name;
    this.#class = type;
    this.#Int64 = options.Int64;
  }

  write(w: Writer, value: T): void {
    if (!(value instanceof this.#class)) {
      throw new Fault(`expected an instance of ${this.name}, got ${describe(value)}`);
    }
    asFault(() => (value as unknown as Instance).write(new ApacheOutput(w)));
  }

  read(r: Reader): T {
    return asFault(() => {
      const value = new this.#class();
      (value as unknown as Instance).read(new ApacheInput(r, this.#Int64));
      return value;
    });
  }

  isInstance(value: unknown): boolean {
    return value instanceof this.#class;
  }

  encode(value: T): Uint8Array {
    return structCodec<T>(this).encode(value);
  }

  decode(bytes: Uint8Array): T {
    return structCodec<T>(this).decode(bytes);
  }
}

/** Generated code throws for fields that it requires, and fails on values that it does not expect. */
function asFault<R>(run: () => R): R {
  try {
    return run();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(error instanceof Error ? error.message : String(error));
  }
}

/**
 * The descriptor of a generated struct, union or exception: for streaming methods, as type of arguments, results and
 * `throws`, and in fields of structs.
 *
 * @example
 * import thrift from "thrift";
 * import { Order } from "./gen-nodejs/shop_types.js";
 *
 * const OrderStruct = apacheStruct(Order, { Int64: thrift.Int64 });
 * const Orders = service("Orders", {}, (m, t) => ({
 *   watch: m.server("Watch", Query, OrderStruct),
 *   get: m.pingpong("Get", [t.field(1, "id", t.i64)], OrderStruct),
 * }));
 */
export function apacheStruct<T extends object>(
  type: ApacheClass<T>,
  options: ApacheOptions = {},
): ForeignStruct<T> {
  return new ApacheStruct(type, options);
}
