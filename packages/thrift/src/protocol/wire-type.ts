// Type ids of the binary protocol, which name types everywhere in this package.
export const Stop = 0;
export const Bool = 2;
export const I8 = 3;
export const Double = 4;
export const I16 = 6;
export const I32 = 8;
export const I64 = 10;
/** Strings and binary. */
export const String = 11;
export const Struct = 12;
export const Map = 13;
export const Set = 14;
export const List = 15;
export const Uuid = 16;

export type Id =
  | typeof Stop
  | typeof Bool
  | typeof I8
  | typeof Double
  | typeof I16
  | typeof I32
  | typeof I64
  | typeof String
  | typeof Struct
  | typeof Map
  | typeof Set
  | typeof List
  | typeof Uuid;
