/** Services of Protobuf, as `@bufbuild/protobuf` describes them. */

import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  isMessage,
  type Message,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type AnyMethod,
  type MessageCodec,
  type MethodDescriptor,
  type MethodKind,
  RpcError,
  type ServiceDescriptor,
} from "@slipstream/stream";

/** What `protoc-gen-es` generates for a service. */
type GeneratedService =
  | DescService
  | (Omit<DescService, "method"> & { readonly method: Record<string, DescMethod> });

interface KindOfProtobuf {
  readonly unary: "unary";
  readonly server_streaming: "server";
  readonly client_streaming: "client";
  readonly bidi_streaming: "bidi";
}

const kinds: KindOfProtobuf = {
  unary: "unary",
  server_streaming: "server",
  client_streaming: "client",
  bidi_streaming: "bidi",
};

/** The methods of a Protobuf service, by their names in TypeScript. */
export type ProtobufMethods<S extends GeneratedService> = {
  readonly [K in keyof S["method"]]: S["method"][K] extends {
    methodKind: infer Kind extends keyof KindOfProtobuf;
    input: infer In extends DescMessage;
    output: infer Out extends DescMessage;
  }
    ? MethodDescriptor<{ kind: KindOfProtobuf[Kind]; request: MessageShape<In>; response: MessageShape<Out> }>
    : AnyMethod;
};

/**
 * The descriptor of a Protobuf service, for `createClient` and `server.add`: ordinary gRPC, with content type
 * `application/grpc`. What is sent is a message as `create` makes it; where types allow it, a plain object with its fields.
 *
 * @example
 * import { Greeter } from "./gen/greeter_pb.ts";
 * const client = createClient(protobufService(Greeter), { transport: http2(), target: "127.0.0.1:8888" });
 */
export function protobufService<S extends GeneratedService>(
  service: S,
): ServiceDescriptor<ProtobufMethods<S> & Record<string, AnyMethod>> {
  const methods: Record<string, AnyMethod> = {};
  for (const { name, localName, methodKind, input, output } of service.methods) {
    const kind: MethodKind = kinds[methodKind];
    methods[localName] = { name, kind, request: protobufCodec(input), response: protobufCodec(output) };
  }
  const { typeName, name } = service;
  const pkg = typeName.slice(0, -name.length - 1);
  return {
    name,
    ...(pkg === "" ? undefined : { package: pkg }),
    contentSubtype: "proto",
    methods: methods as ProtobufMethods<S> & Record<string, AnyMethod>,
  };
}

/** The codec of one message. */
export function protobufCodec<D extends DescMessage>(desc: D): MessageCodec<MessageShape<D>> {
  return {
    encode(message) {
      try {
        return toBinary(desc, isMessage(message as Message, desc) ? message : create(desc, message as never));
      } catch (cause) {
        const why = `${desc.typeName}: ${(cause as Error).message}`;
        throw new RpcError("invalid_argument", why, { cause });
      }
    },
    decode(bytes) {
      try {
        return fromBinary(desc, bytes);
      } catch (cause) {
        const why = `malformed ${desc.typeName} of ${bytes.length} bytes: ${(cause as Error).message}`;
        throw new RpcError("internal", why, { cause });
      }
    },
  };
}
