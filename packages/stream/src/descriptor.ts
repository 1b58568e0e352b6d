import type { MessageCodec, ResponseCodec } from "./codec.ts";

/**
 * How many messages go each way.
 *
 * | kind | request | response | what carries it |
 * |---|---|---|---|
 * | `pingpong` | one | one | `ClientTransport.call` |
 * | `oneway` | one | none | `ClientTransport.call` |
 * | `unary` | one | one | `ClientTransport.call`; on HTTP/2 the same as `pingpong` |
 * | `client` | many | one | a stream |
 * | `server` | one | many | a stream |
 * | `bidi` | many | many | a stream |
 */
export type MethodKind = "pingpong" | "oneway" | "unary" | "client" | "server" | "bidi";

/** The types of a method, carried by its descriptor for inference only. */
export interface MethodTypes {
  kind: MethodKind;
  request: unknown;
  response: unknown;
}

export interface MethodDescriptor<T extends MethodTypes = MethodTypes> {
  /** The name on the wire, as in the IDL. */
  readonly name: string;
  readonly kind: T["kind"];
  /**
   * For `pingpong`, `oneway` and `unary` the codec owns the wrapping that the IDL asks for (Thrift's argument and result
   * structs); for the streaming kinds it encodes the bare message. Nothing above or below it knows.
   */
  readonly request: MessageCodec<T["request"]>;
  readonly response: ResponseCodec<T["response"]>;
  /** Never present at run time. */
  readonly types?: T;
}

// `any` lets a method of concrete types be one of a record of methods: codecs are contravariant in what they encode.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyMethod = MethodDescriptor<{ kind: any; request: any; response: any }>;

export interface ServiceDescriptor<M extends Record<string, AnyMethod> = Record<string, AnyMethod>> {
  /** The name on the wire, as in the IDL. */
  readonly name: string;
  /** Only seen in the path of HTTP/2: last dot-part of `namespace go`, in lower case. */
  readonly package?: string;
  /** `thrift` or `proto`: what HTTP/2 writes after `application/grpc+`. */
  readonly contentSubtype: string;
  /** By the name that clients and handlers use in TypeScript. */
  readonly methods: M;
}

export type KindOf<M> = M extends MethodDescriptor<infer T> ? T["kind"] : never;
export type RequestOf<M> = M extends MethodDescriptor<infer T> ? T["request"] : never;
export type ResponseOf<M> = M extends MethodDescriptor<infer T> ? T["response"] : never;

/** True for the kinds that `ClientTransport.call` carries: one message there, at most one back. */
export function isCallKind(kind: MethodKind): kind is "pingpong" | "oneway" | "unary" {
  return kind === "pingpong" || kind === "oneway" || kind === "unary";
}
