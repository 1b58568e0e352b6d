import * as WireType from "./wire-type.ts";

const names: Readonly<Record<number, string>> = {
  [WireType.Bool]: "bool",
  [WireType.I8]: "i8",
  [WireType.Double]: "double",
  [WireType.I16]: "i16",
  [WireType.I32]: "i32",
  [WireType.I64]: "i64",
  [WireType.String]: "string",
  [WireType.Struct]: "struct",
  [WireType.Map]: "map",
  [WireType.Set]: "set",
  [WireType.List]: "list",
  [WireType.Uuid]: "uuid",
};

export function wireTypeName(type: number): string {
  return names[type] ?? `type ${type}`;
}

/**
 * A field's header as one small integer, so that one comparison decides on type and id: type in bits 16 to 23, id below.
 * 0 is the end of a struct.
 */
export function fieldHeader(type: number, id: number): number {
  return (type << 16) | (id & 0xffff);
}

export function headerType(header: number): number {
  return header >> 16;
}

export function headerId(header: number): number {
  return (header << 16) >> 16;
}
