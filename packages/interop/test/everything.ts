// Everything of idl/lab.thrift in TypeScript.
import { type Struct, struct, union } from "@slipstream/thrift/codegen";

export const Colour = { RED: 1, GREEN: 5, BLUE: -7 } as const;
export type Colour = (typeof Colour)[keyof typeof Colour];

export interface Leaf {
  id: number;
  name?: string | undefined;
  colour: Colour;
}
export const Leaf: Struct<Leaf> = struct("Leaf", (t) => [
  t.required(1, "id", t.i32),
  t.optional(2, "name", t.string),
  t.field(3, "colour", t.enum<Colour>(Colour), { default: Colour.GREEN }),
]);

export type Choice =
  | { case: "word"; value: string }
  | { case: "number"; value: bigint }
  | { case: "leaf"; value: Leaf }
  | { case: "words"; value: string[] }
  | { case: undefined; value?: undefined };
export const Choice: Struct<Choice> = union("Choice", (t) => [
  t.optional(1, "word", t.string),
  t.optional(2, "number", t.i64),
  t.optional(3, "leaf", Leaf),
  t.optional(4, "words", t.list(t.string)),
]);

export interface Everything {
  flag: boolean;
  tiny: number;
  small: number;
  medium: number;
  large: bigint;
  ratio: number;
  text: string;
  blob: Uint8Array;
  colour: Colour;
  moment: bigint;
  leaf: Leaf;
  choice?: Choice | undefined;
  flags: boolean[];
  tinies: number[];
  larges: bigint[];
  ratios: number[];
  texts: string[];
  blobs: Uint8Array[];
  leaves: Leaf[];
  mediums: Set<number>;
  names: Set<string>;
  pairs: Map<string, string>;
  byId: Map<number, Leaf>;
  byColour: Map<Colour, number[]>;
  deep: Map<bigint, Map<string, Set<number>>>;
  nested: Map<string, number>[][];
  maybeFlag?: boolean | undefined;
  maybeMedium?: number | undefined;
  maybeRatio?: number | undefined;
  maybeText?: string | undefined;
  maybeBlob?: Uint8Array | undefined;
  maybeColour?: Colour | undefined;
  maybeLeaves?: Leaf[] | undefined;
  maybeNames?: Map<boolean, string> | undefined;
  self?: Everything | undefined;
  preset: number;
  greeting: string;
  last?: bigint | undefined;
}
export const Everything: Struct<Everything> = struct("Everything", (t) => [
  t.field(1, "flag", t.bool),
  t.field(2, "tiny", t.i8),
  t.field(3, "small", t.i16),
  t.field(4, "medium", t.i32),
  t.field(5, "large", t.i64),
  t.field(6, "ratio", t.double),
  t.field(7, "text", t.string),
  t.field(8, "blob", t.binary),
  t.field(9, "colour", t.enum<Colour>(Colour)),
  t.field(10, "moment", t.i64),
  t.required(11, "leaf", Leaf),
  t.optional(12, "choice", Choice),
  t.field(13, "flags", t.list(t.bool)),
  t.field(14, "tinies", t.list(t.i8)),
  t.field(15, "larges", t.list(t.i64)),
  t.field(16, "ratios", t.list(t.double)),
  t.field(17, "texts", t.list(t.string)),
  t.field(18, "blobs", t.list(t.binary)),
  t.field(19, "leaves", t.list(Leaf)),
  t.field(20, "mediums", t.set(t.i32)),
  t.field(21, "names", t.set(t.string)),
  t.field(22, "pairs", t.map(t.string, t.string)),
  t.field(23, "byId", t.map(t.i32, Leaf)),
  t.field(24, "byColour", t.map(t.enum<Colour>(Colour), t.list(t.i16))),
  t.field(25, "deep", t.map(t.i64, t.map(t.string, t.set(t.i32)))),
  t.field(26, "nested", t.list(t.list(t.map(t.string, t.double)))),
  t.optional(27, "maybeFlag", t.bool),
  t.optional(28, "maybeMedium", t.i32),
  t.optional(29, "maybeRatio", t.double),
  t.optional(30, "maybeText", t.string),
  t.optional(31, "maybeBlob", t.binary),
  t.optional(32, "maybeColour", t.enum<Colour>(Colour)),
  t.optional(33, "maybeLeaves", t.list(Leaf)),
  t.optional(34, "maybeNames", t.map(t.bool, t.string)),
  t.optional(35, "self", Everything),
  t.field(36, "preset", t.i32, { default: 42 }),
  t.field(37, "greeting", t.string, { default: "hello" }),
  t.optional(32767, "last", t.i64),
]);
