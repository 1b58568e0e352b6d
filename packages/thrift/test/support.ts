import { RpcError } from "@slipstream/stream";
import { expect } from "vitest";
import { type CodecOptions, type Struct, struct } from "../src/index.ts";

/** A struct with a field of nearly every type. */
export interface Item {
  sku: string;
  quantity: number;
  price: number;
  gift: boolean;
  weight: bigint;
  data: Uint8Array;
  tags: string[];
  colors: Set<number>;
  counts: Map<number, string>;
  labels: Record<string, string>;
  inner?: Item | undefined;
  note?: string | undefined;
}

export const Item: Struct<Item> = struct("Item", (t) => [
  t.field(1, "sku", t.string),
  t.field(2, "quantity", t.i32),
  t.field(3, "price", t.double),
  t.field(4, "gift", t.bool),
  t.field(5, "weight", t.i64),
  t.field(6, "data", t.binary),
  t.field(7, "tags", t.list(t.string)),
  t.field(8, "colors", t.set(t.i32)),
  t.field(9, "counts", t.map(t.i8, t.string)),
  t.field(10, "labels", t.record(t.string)),
  t.field(11, "inner", Item),
  t.optional(12, "note", t.string),
]);

/** What an Item is when nothing was sent. */
export const zero: Item = {
  sku: "",
  quantity: 0,
  price: 0,
  gift: false,
  weight: 0n,
  data: new Uint8Array(0),
  tags: [],
  colors: new Set(),
  counts: new Map(),
  labels: {},
};

/** A struct with a field that must be sent. */
export const Required: Struct<{ id: number; name?: string }> = struct("Required", (t) => [
  t.required(1, "id", t.i32),
  t.optional(2, "name", t.string),
]);

/** A struct for one test. */
export const One = <T>(make: Parameters<typeof struct>[1]): Struct<T> => struct<T>("One", make);

export function bytesOf(...text: string[]): Uint8Array {
  return new Uint8Array(Buffer.from(text.join("").replaceAll(" ", ""), "hex"));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function errorOf(run: () => unknown): RpcError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(RpcError);
    return error as RpcError;
  }
  throw new Error("expected an error");
}

/** Every protocol with every engine. */
export const variants: [string, CodecOptions][] = (["binary", "compact"] as const).flatMap((protocol) =>
  (["compiled", "interpreted"] as const).map((engine): [string, CodecOptions] => [
    `${protocol}, ${engine}`,
    { protocol, engine },
  ]),
);
