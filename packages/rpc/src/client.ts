import type { CallOptions, ClientMethods, ServiceDescriptor, StreamOptions } from "@slipstream/stream";
import { isCallKind } from "@slipstream/stream";
import type { ClientOptions } from "./client-options.ts";
import { ClientRuntime } from "./client-runtime.ts";

/** A client of one service: one function a method. */
export type Client<S extends ServiceDescriptor> = ClientMethods<S>;

/**
 * A client of `service` over any transport. It connects when the first call is made, holds no connection itself, and
 * needs no closing: close the transport.
 *
 * @throws RpcError `invalid_argument` for a bad option, at once and not at the first call.
 *
 * @example
 * const client = createClient(Greeter, { transport: ttheader(), target: "127.0.0.1:8888" });
 * const { message } = await client.greet({ name: "you" }, { timeoutMs: 500 });
 * for await (const line of await client.story({ about: "rivers" })) console.log(line.text);
 */
export function createClient<S extends ServiceDescriptor>(service: S, options: ClientOptions): Client<S> {
  const runtime = new ClientRuntime(service, options);
  const client = Object.create(null) as Record<string, unknown>;
  for (const [name, method] of Object.entries(service.methods)) {
    if (isCallKind(method.kind)) {
      client[name] = (request: unknown, call?: CallOptions) => runtime.call(method, request, call);
    } else if (method.kind === "server") {
      client[name] = (request: unknown, stream?: StreamOptions) => runtime.open(method, request, stream);
    } else {
      client[name] = (stream?: StreamOptions) => runtime.open(method, undefined, stream);
    }
  }
  return Object.freeze(client) as Client<S>;
}
