import type {
  AnyMethod,
  MessageCodec,
  MethodDescriptor,
  MethodKind,
  ResponseCodec,
  ServiceDescriptor,
} from "@slipstream/stream";
import { type TypeBuilder, t } from "./builder.ts";
import { ArgumentsCodec, ResultCodec, voidType } from "./method-codec.ts";
import type { Field, Message, Type } from "./types.ts";

/** A method of a Thrift service, by kind, request and response. */
export type Method<K extends MethodKind, Request, Response> = MethodDescriptor<{
  kind: K;
  request: Request;
  response: Response;
}>;

export type Service<M extends Record<string, AnyMethod>> = ServiceDescriptor<M>;

export interface ServiceOptions {
  /** Last dot-part of `namespace go`, in lower case: what HTTP/2 writes before the service's name. */
  readonly package?: string;
}

/** Methods by kind. Every first argument is the name on the wire, as in the IDL. */
export interface MethodBuilder {
  readonly void: Type<void>;
  /**
   * Arguments and declared exceptions are fields. One argument: the request is its value; none or several: the request is
   * an object by argument name.
   */
  pingpong<Request, Response>(
    name: string,
    args: readonly Field[],
    result: Type<Response>,
    throws?: readonly Field[],
  ): Method<"pingpong", Request, Response>;
  /** `streaming.mode="unary"`: on the wire as ping-pong. */
  unary<Request, Response>(
    name: string,
    args: readonly Field[],
    result: Type<Response>,
    throws?: readonly Field[],
  ): Method<"unary", Request, Response>;
  oneway<Request>(name: string, args: readonly Field[]): Method<"oneway", Request, void>;
  client<Request, Response>(
    name: string,
    request: Message<Request>,
    response: Message<Response>,
  ): Method<"client", Request, Response>;
  server<Request, Response>(
    name: string,
    request: Message<Request>,
    response: Message<Response>,
  ): Method<"server", Request, Response>;
  bidi<Request, Response>(
    name: string,
    request: Message<Request>,
    response: Message<Response>,
  ): Method<"bidi", Request, Response>;
}

function call<K extends MethodKind>(kind: K) {
  return <Request, Response>(
    name: string,
    args: readonly Field[],
    result: Type<Response>,
    throws: readonly Field[] = [],
  ): Method<K, Request, Response> => ({
    name,
    kind,
    request: new ArgumentsCodec<Request>(name, args),
    response: new ResultCodec<Response>(name, result, throws),
  });
}

function stream<K extends MethodKind>(kind: K) {
  return <Request, Response>(
    name: string,
    request: MessageCodec<Request>,
    response: ResponseCodec<Response>,
  ): Method<K, Request, Response> => ({ name, kind, request, response });
}

const methods: MethodBuilder = {
  void: voidType,
  pingpong: call("pingpong"),
  unary: call("unary"),
  oneway: (name, args) => call("oneway")(name, args, voidType),
  client: stream("client"),
  server: stream("server"),
  bidi: stream("bidi"),
};

/**
 * A service. Unlike `struct`, `build` runs at once: the structs it names stand before it.
 *
 * @example
 * export const Chat: Service<{
 *   talk: Method<"bidi", Line, Line>;
 *   rename: Method<"pingpong", { id: bigint; name: string }, void>;
 * }> = service("Chat", { package: "chat" }, (m, t) => ({
 *   talk: m.bidi("Talk", Line, Line),
 *   rename: m.pingpong("Rename", [t.field(1, "id", t.i64), t.field(2, "name", t.string)], m.void, [
 *     t.field(1, "missing", NotFound),
 *   ]),
 * }));
 */
export function service<M extends Record<string, AnyMethod>>(
  name: string,
  options: ServiceOptions,
  build: (m: MethodBuilder, t: TypeBuilder) => M,
): Service<M> {
  return { name, ...options, contentSubtype: "thrift", methods: build(methods, t) };
}
