import type { AnyMethod, MessageCodec, ResponseCodec } from "@slipstream/stream";
import { CodecFamily, type CodecOptions, type StructCodec } from "./codec.ts";
import { checkEngine } from "./engine.ts";
import { ArgumentsCodec, ResultCodec } from "./method-codec.ts";
import { binary } from "./protocol/binary.ts";
import { compact } from "./protocol/compact.ts";
import type { Service } from "./service.ts";
import type { Message } from "./types.ts";
import { keeper } from "./unknown-fields.ts";

/** Codecs with the options they were made with. */
export interface Codecs {
  /** The codec of a bare struct; the same object for the same struct. */
  struct<T>(struct: Message<T>): MessageCodec<T>;
  /**
   * The same service with these codecs.
   * @throws TypeError when a method's codecs are not this package's
   */
  service<M extends Record<string, AnyMethod>>(service: Service<M>): Service<M>;
}

/**
 * Codecs that are not the default ones: another protocol, unknown fields kept, binary as views, other limits.
 *
 * @example
 * const { service } = createCodecs({ unknownFields: "keep" });
 * const client = createClient(service(Shop), { transport, target });
 *
 * @throws RangeError for an impossible option
 */
export function createCodecs(options: CodecOptions): Codecs {
  const { protocol, unknownFields, ...rest } = options;
  const { maxDepth = 1, engine } = options;
  if (!Number.isSafeInteger(maxDepth) || maxDepth < 1) {
    throw new RangeError(`maxDepth must be a positive integer, got ${maxDepth}`);
  }
  checkEngine(engine);
  const family = new CodecFamily({
    ...rest,
    protocol: protocol === "compact" ? compact : binary,
    keeper: unknownFields === "keep" ? keeper : undefined,
  });
  return {
    struct: (struct) => family.codec(struct),
    service<M extends Record<string, AnyMethod>>(service: Service<M>): Service<M> {
      return mapMethods(service, (method) => ({
        ...method,
        request: recode(method, method.request, family),
        response: recode(method, method.response, family) as ResponseCodec<unknown>,
      }));
    },
  };
}

export function mapMethods<M extends Record<string, AnyMethod>>(
  service: Service<M>,
  map: (method: AnyMethod) => AnyMethod,
): Service<M> {
  const methods = Object.entries(service.methods).map(([key, method]) => [key, map(method)] as const);
  return { ...service, methods: Object.fromEntries(methods) as M };
}

function recode(method: AnyMethod, codec: MessageCodec<unknown>, family: CodecFamily): MessageCodec<unknown> {
  if (codec instanceof ArgumentsCodec || codec instanceof ResultCodec) return codec.with(method.name, family);
  return new BareCodec(messageOf(method, codec), family);
}

/** A message of a stream with other codecs than its descriptor's own; it stays a descriptor's, to be recoded again. */
class BareCodec<T> implements MessageCodec<T> {
  readonly message: Message<T>;
  readonly #codec: StructCodec<T>;

  constructor(message: Message<T>, family: CodecFamily) {
    this.message = message;
    this.#codec = family.codec(message);
  }

  encode(value: T): Uint8Array {
    return this.#codec.encode(value);
  }

  decode(bytes: Uint8Array, isOwned?: boolean): T {
    return this.#codec.decode(bytes, isOwned);
  }

  release(bytes: Uint8Array): void {
    this.#codec.release(bytes);
  }
}

/** The descriptor behind the codec of a streaming method's messages. */
export function messageOf(method: AnyMethod, codec: MessageCodec<unknown>): Message {
  if (codec instanceof BareCodec) return codec.message;
  const { kind } = codec as Partial<Message>;
  if (kind === "struct" || kind === "union" || kind === "exception" || kind === "foreign") {
    return codec as Message;
  }
  throw new TypeError(`${method.name}: expected a codec made from a Thrift descriptor`);
}
