import type { MessageCodec, ResponseCodec } from "@slipstream/stream";
import { structCodec } from "./codec.ts";
import { StructDescriptor } from "./struct.ts";
import type { Field, Type } from "./types.ts";

/** The result of a method that returns nothing; told by identity. */
export const voidType: Type<void> = { kind: "bool" };

export function argumentsCodec<T>(method: string, args: readonly Field[]): MessageCodec<T> {
  const struct = new StructDescriptor<T>("struct", `${method} arguments`, () => args);
  return {
    encode: (value) => structCodec(struct).encode(value),
    decode: (bytes) => structCodec(struct).decode(bytes),
  };
}

export function resultCodec<T>(method: string, result: Type<T>, throws: readonly Field[]): ResponseCodec<T> {
  void result;
  return argumentsCodec(method, throws);
}
