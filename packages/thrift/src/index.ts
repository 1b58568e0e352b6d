// For users

export type { TypeBuilder } from "./builder.ts";
export { t } from "./builder.ts";
export type { CodecOptions } from "./codec.ts";
export type { Codecs } from "./codecs.ts";
export { createCodecs } from "./codecs.ts";
export type { Compiler, Engine } from "./engine.ts";
export { setDefaultEngine } from "./engine.ts";
export type { JsonOptions, JsonValue } from "./json.ts";
export { fromJson, toJson } from "./json.ts";
export type { JsonMethods } from "./json-service.ts";
export { jsonService } from "./json-service.ts";
export type { Method, MethodBuilder, Service, ServiceOptions } from "./service.ts";
export { service } from "./service.ts";
export { exception, struct, union } from "./struct.ts";
export type {
  Exception,
  ExceptionClass,
  Field,
  FieldOptions,
  ForeignStruct,
  Message,
  Struct,
  Type,
} from "./types.ts";
export type { UnknownField } from "./unknown-fields.ts";
export { unknownFields } from "./unknown-fields.ts";

// For authors of transports

export type { ApplicationException } from "./application-exception.ts";
export {
  ApplicationExceptionType,
  decodeApplicationException,
  decodeException,
  defaultExceptionText,
  encodeApplicationException,
  encodeException,
} from "./application-exception.ts";
export type { EnvelopeOptions, MessageHead, ThriftMessage } from "./message.ts";
export { decodeMessage, encodeMessage, encodeMessageHead, MessageType, readMessageHead } from "./message.ts";
