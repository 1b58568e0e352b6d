import { type Named, resolveType, type StructValue, type Type, type Value } from "@slipstream/thrift-idl";
import type { FileContext } from "./context.ts";
import type { Layout } from "./layout.ts";
import { fieldProperties } from "./properties.ts";
import {
  array,
  assigned,
  call,
  type Expression,
  generic,
  numberLiteral,
  object,
  plain,
  propertyName,
  quoted,
  stringLiteral,
} from "./syntax.ts";
import { holderOf, typeText } from "./types.ts";

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/** Prints values that belong to one named thing, which is where a value that cannot be printed is told. */
export class ValuePrinter {
  readonly #context: FileContext;
  readonly #owner: Named;

  constructor(context: FileContext, owner: Named) {
    this.#context = context;
    this.#owner = owner;
  }

  /** A value as an expression. Constants are named where they are scalars, which nobody can change. */
  print(type: Type, value: Value): Expression {
    if (value.constant !== undefined && isScalar(value))
      return plain(this.#context.reference(value.constant));
    const resolved = resolveType(type);
    switch (value.kind) {
      case "bool":
        return plain(String(value.value));
      case "int":
        return this.#int(resolved.kind === "base" && resolved.name === "i64", value.value);
      case "double":
        return double(value.value);
      case "string":
        return resolved.kind === "base" && resolved.name === "binary"
          ? bytes(value.value)
          : stringLiteral(value.value);
      case "enum": {
        const name = this.#context.reference(value.enum);
        // A value without a name, which the type does not know.
        if (value.member === undefined) return plain(`${value.value} as number as ${name}`);
        return plain(`${name}.${this.#context.members(value.enum.members)(value.member)}`);
      }
      case "list":
        return this.#list(
          resolved.kind === "list" || resolved.kind === "set" ? resolved : undefined,
          value.items,
        );
      case "map":
        return this.#map(resolved.kind === "map" ? resolved : undefined, value.entries);
      case "struct":
        return this.#struct(value);
    }
  }

  #int(is64: boolean, value: bigint): Expression {
    if (!is64) return numberLiteral(String(value));
    if (this.#context.options.i64 === "bigint") return plain(`${value}n`);
    if (value > maxSafe || value < -maxSafe) {
      this.#context.error(
        this.#owner,
        `${value} is no safe integer, so it cannot be a number`,
        "leave i64 as bigint, or choose a smaller value",
      );
    }
    return numberLiteral(String(value));
  }

  #list(type: Extract<Type, { kind: "list" | "set" }> | undefined, items: readonly Value[]): Expression {
    if (type === undefined) throw new TypeError("a list value has a list or a set as type");
    const elements = array(items.map((item) => this.print(type.element, item)));
    if (holderOf(type) === "array") return elements;
    return construct("Set", [typeText(this.#context, type.element)], items.length === 0 ? [] : [elements]);
  }

  #map(
    type: Extract<Type, { kind: "map" }> | undefined,
    entries: readonly (readonly [Value, Value])[],
  ): Expression {
    if (type === undefined) throw new TypeError("a map value has a map as type");
    if (holderOf(type) === "record") {
      return object(
        entries.map(([key, value]) => {
          if (key.kind !== "string") throw new TypeError("the keys of a record are strings");
          return [propertyName(key.value), ":", assigned(this.print(type.value, value))];
        }),
      );
    }
    const pairs = entries.map(([key, value]) =>
      array([this.print(type.key, key), this.print(type.value, value)]),
    );
    const types = [typeText(this.#context, type.key), typeText(this.#context, type.value)];
    return construct("Map", types, pairs.length === 0 ? [] : [array(pairs)]);
  }

  #struct({ struct, fields }: StructValue): Expression {
    const property = fieldProperties(this.#context, struct);
    const [only] = fields;
    if (struct.kind === "union" && only !== undefined) {
      const [field, value] = only;
      return object([
        `case: ${quoted(property(field))}`,
        ["value:", assigned(this.print(field.type, value))],
      ]);
    }
    const properties = fields.map(([field, value]): Layout => {
      return [propertyName(property(field)), ":", assigned(this.print(field.type, value))];
    });
    const literal = object(properties);
    return struct.kind === "exception" ? call(`new ${this.#context.reference(struct)}`, [literal]) : literal;
  }
}

export function isScalar(value: Value): boolean {
  return value.kind !== "list" && value.kind !== "map" && value.kind !== "struct";
}

function construct(name: string, types: readonly Layout[], args: readonly Expression[]): Expression {
  return call(generic(`new ${name}`, types), args);
}

function double(value: number): Expression {
  // As formatters write it: no plus in the exponent.
  const text = Object.is(value, -0) ? "-0" : String(value).replace("e+", "e");
  return numberLiteral(text);
}

function bytes(text: string): Expression {
  const numbers = [...new TextEncoder().encode(text)].map((byte) => numberLiteral(String(byte)));
  return call("new Uint8Array", numbers.length === 0 ? [] : [array(numbers)]);
}
