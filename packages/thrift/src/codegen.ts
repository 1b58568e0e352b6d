/**
 * What generated code imports, and nothing else: it stays compatible with files printed earlier. A change that would break
 * them goes into a new entry beside this one.
 *
 * What generated types look like, which the codecs follow:
 *
 * - A field of default requiredness is `name: T`: absent on the wire it is decoded as its IDL default or else as zero (`0`,
 *   `0n`, `""`, `false`, empty bytes or container), as in Go. When its type is a struct, union or exception it is
 *   `name?: T | undefined`, and absent when it was not sent. Encoding leaves out what is undefined, or writes its IDL default.
 * - A required field is `name: T`, checked both ways; undefined with an IDL default, the default is written.
 * - An optional field is `name?: T | undefined`. With an IDL default it is always there after decoding, and, being equal to a
 *   scalar default, left out when encoding (Kitex does both).
 * - A union is `{ case: "a"; value: A } | { case: "b"; value: B } | { case: undefined; value?: undefined }`; the last is what
 *   an alternative added by a newer peer decodes to.
 * - An exception is an interface of fields, and an `ExceptionClass` of it.
 * - An enum is a const object, and the union of its values.
 *
 * @packageDocumentation
 */
export type { TypeBuilder } from "./builder.ts";
export { type Method, type MethodBuilder, type Service, type ServiceOptions, service } from "./service.ts";
export { exception, struct, union } from "./struct.ts";
export type { Exception, ExceptionClass, Field, FieldOptions, Struct, Type } from "./types.ts";
