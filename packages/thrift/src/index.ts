export { t } from "./builder.ts";
export type { TypeBuilder } from "./builder.ts";
export { type CodecOptions, type Engine, setDefaultEngine } from "./codec.ts";
export { exception, struct, union } from "./struct.ts";
export type { Exception, ExceptionClass, Field, FieldOptions, Struct, Type } from "./types.ts";
