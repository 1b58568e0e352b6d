import { wireTypeOf } from "../plan.ts";
import { headerId, headerType } from "../protocol/wire.ts";
import * as WireType from "../protocol/wire-type.ts";
import type { ScalarKind, Type } from "../types.ts";

export type Scalar = ScalarKind | "enum";

/** How generated code writes in one protocol. Every member is source text or makes it. */
export interface WriteDialect {
  readonly start: string;
  /** Ends the struct, with room for it asked. */
  readonly stop: string;
  room(size: number | string): string;
  /** Runs code that uses the writer itself. */
  call(code: string): string;
  field(header: number): string;
  boolField(header: number, v: string): string;
  scalar(kind: Scalar, v: string): string;
  list(element: WireType.Id, size: string): string;
  map(key: WireType.Id, value: WireType.Id, size: string): string;
  /** Bytes of a field that need room beforehand: header, and the value or the head of a container. */
  fixedSize(type: Type): number;
  /** The same without the field's header. */
  elementSize(type: Type): number;
  /** Whether that is all of it. */
  isFixed(type: Type): boolean;
}

const sizes: Readonly<Record<number, number>> = {
  [WireType.Bool]: 1,
  [WireType.I8]: 1,
  [WireType.I16]: 2,
  [WireType.I32]: 4,
  [WireType.I64]: 8,
  [WireType.Double]: 8,
  [WireType.Uuid]: 16,
  [WireType.Map]: 6,
  [WireType.Set]: 5,
  [WireType.List]: 5,
  // These ask for room themselves.
  [WireType.String]: 0,
  [WireType.Struct]: 0,
};

function isFixed(type: Type): boolean {
  switch (wireTypeOf(type)) {
    case WireType.String:
    case WireType.Struct:
    case WireType.Map:
    case WireType.Set:
    case WireType.List:
      return false;
    default:
      return true;
  }
}

/** Writes in place: `b` is the memory, `p` the position, which the writer learns when it is called. */
export const binaryWrite: WriteDialect = {
  start: `let b = w.bytes, p = w.pos, q = 0, x = 0, y = 0;`,
  stop: `if (p >= b.length) { w.pos = p; w.grow(1); b = w.bytes; p = w.pos; } b[p] = 0; w.pos = p + 1;`,
  room: (size) => `if (p + ${size} > b.length) { w.pos = p; w.grow(${size}); b = w.bytes; p = w.pos; }`,
  call: (code) => `w.pos = p; ${code} b = w.bytes; p = w.pos;`,
  field: (header) => store([String(headerType(header)), ...halves(headerId(header))]),
  boolField: (header, v) => store([String(headerType(header)), ...halves(headerId(header)), `${v} ? 1 : 0`]),
  scalar(kind, v) {
    switch (kind) {
      case "bool":
        return store([`${v} ? 1 : 0`]);
      case "i8":
        return store([v]);
      case "i16":
        return store([`${v} >> 8`, v]);
      case "i32":
      case "enum":
        return store(int(v));
      case "i64":
        return `B[0] = ${v}; if (B[0] !== ${v}) throw bad; x = I[HI]; y = I[LO]; ${store([...int("x"), ...int("y")])}`;
      case "i64Number":
        return `x = Math.floor(${v} / 4294967296); y = ${v} | 0; ${store([...int("x"), ...int("y")])}`;
      case "double":
        return `D[0] = ${v}; x = I[HI]; y = I[LO]; ${store([...int("x"), ...int("y")])}`;
      default:
        return this.call(`w.${kind}(${v});`);
    }
  },
  list: (element, size) => store([String(element), ...int(size)]),
  map: (key, value, size) => store([String(key), String(value), ...int(size)]),
  fixedSize: (type) => 3 + (sizes[wireTypeOf(type)] as number),
  elementSize: (type) => sizes[wireTypeOf(type)] as number,
  isFixed,
};

function store(values: readonly string[]): string {
  const stores = values.map((value, i) => `b[p${i === 0 ? "" : ` + ${i}`}] = ${value};`);
  return `${stores.join(" ")} p += ${values.length};`;
}

function int(v: string): string[] {
  return [`${v} >> 24`, `${v} >> 16`, `${v} >> 8`, v];
}

function halves(id: number): string[] {
  return [String((id >> 8) & 0xff), String(id & 0xff)];
}

/** Calls the writer for everything; `q` is the header of the field before. */
export const compactWrite: WriteDialect = {
  start: `let q = 0;`,
  stop: `w.room(1); w.stop();`,
  room: (size) => `w.room(${size});`,
  call: (code) => code,
  field: (header) => `w.field(${header}, q);`,
  boolField: (header, v) => `w.boolField(${header}, q, ${v});`,
  scalar: (kind, v) => `w.${kind === "enum" ? "i32" : kind}(${v});`,
  list: (element, size) => `w.list(${element}, ${size});`,
  map: (key, value, size) => `w.map(${key}, ${value}, ${size});`,
  // A header of four bytes, and at most twice as much as in the binary protocol (i16 three, i64 ten).
  fixedSize: (type) => 4 + 2 * (sizes[wireTypeOf(type)] as number),
  elementSize: (type) => 2 * (sizes[wireTypeOf(type)] as number),
  isFixed,
};
