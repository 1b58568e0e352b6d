import type { AnyMethod, MessageCodec, ResponseCodec } from "@slipstream/stream";
import { mapMethods, messageOf } from "./codecs.ts";
import { fromJson, type JsonOptions, type JsonValue, toJson } from "./json.ts";
import { ArgumentsCodec, ResultCodec } from "./method-codec.ts";
import type { Method, Service } from "./service.ts";
import type { Type } from "./types.ts";

/** The methods of a service with JSON for requests and responses. */
export type JsonMethods<M extends Record<string, AnyMethod>> = {
  [K in keyof M]: Method<M[K]["kind"], JsonValue, JsonValue | undefined>;
};

/**
 * The same service with JSON values in place of messages: what a gateway or a test tool needs, which knows the IDL only
 * when it runs. Declared exceptions are thrown as themselves. A method without a result answers `undefined`.
 */
export function jsonService<M extends Record<string, AnyMethod>>(
  service: Service<M>,
  options: JsonOptions = {},
): Service<JsonMethods<M>> {
  return mapMethods(service, (method) => ({
    ...method,
    request: jsonCodec(method, method.request, options),
    response: jsonCodec(method, method.response, options),
  })) as unknown as Service<JsonMethods<M>>;
}

function jsonCodec(
  method: AnyMethod,
  codec: MessageCodec<unknown>,
  options: JsonOptions,
): ResponseCodec<JsonValue | undefined> {
  if (codec instanceof ArgumentsCodec) {
    return new JsonCodec(codec, codec.single?.type ?? codec.struct, options);
  }
  if (codec instanceof ResultCodec)
    return new JsonCodec(codec, codec.isVoid ? undefined : codec.type, options);
  return new JsonCodec(codec, messageOf(method, codec), options);
}

class JsonCodec implements ResponseCodec<JsonValue | undefined> {
  readonly #codec: ResponseCodec<unknown>;
  /** Undefined for a result that is none. */
  readonly #type: Type | undefined;
  readonly #options: JsonOptions;

  constructor(codec: ResponseCodec<unknown>, type: Type | undefined, options: JsonOptions) {
    this.#codec = codec;
    this.#type = type;
    this.#options = options;
  }

  encode(json: JsonValue | undefined): Uint8Array {
    if (this.#type === undefined) return this.#codec.encode(undefined);
    return this.#codec.encode(fromJson(this.#type, json ?? null, this.#options));
  }

  decode(bytes: Uint8Array): JsonValue | undefined {
    const value = this.#codec.decode(bytes);
    if (this.#type === undefined || value === undefined) return undefined;
    return toJson(this.#type, value, this.#options);
  }

  encodeError(error: unknown): Uint8Array | undefined {
    return this.#codec.encodeError?.(error);
  }
}
