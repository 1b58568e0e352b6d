import type { MessageCodec } from "@slipstream/stream";
import type { Struct } from "./types.ts";

/** The codec of a bare struct. */
export function structCodec<T>(struct: Struct<T>): MessageCodec<T> {
  throw new Error(`not written yet: the codec of ${struct.name}`);
}
