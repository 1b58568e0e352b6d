export { exception, struct, union } from "./struct.ts";
export type { Exception, ExceptionClass, Field, FieldOptions, Struct, Type } from "./types.ts";
