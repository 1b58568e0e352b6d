import { type Client, type ClientOptions, createClient } from "@slipstream/rpc";
import { createServer, type Listening, type Server, type ServerOptions } from "@slipstream/rpc/server";
import {
  type ClientTransport,
  type Implementation,
  RpcError,
  type ServiceDescriptor,
  type Target,
  type TransportEvent,
} from "@slipstream/stream";
import { Blob, Talk } from "./talk.ts";
import type { Limits, TransportPair, TransportUnderTest } from "./transport-under-test.ts";

export interface Handlers {
  readonly talk?: Partial<Implementation<typeof Talk>>;
  readonly blob?: Partial<Implementation<typeof Blob>>;
}

export interface StartOptions {
  readonly server?: Omit<ServerOptions, "transports">;
  readonly client?: Omit<ClientOptions, "transport" | "target">;
  readonly limits?: Limits;
}

/** A server that runs, and clients for it. */
export interface Running {
  readonly talk: Client<typeof Talk>;
  readonly blob: Client<typeof Blob>;
  readonly server: Server;
  readonly pair: TransportPair;
  readonly transport: ClientTransport;
  readonly target: Target;
  /** What both ends reported through `onEvent`. */
  readonly events: readonly TransportEvent[];
  /** Makes the connection, which may take longer than the deadline of a case. */
  connect(): Promise<void>;
  /** Another client of the same server, over the same connections. */
  client<S extends ServiceDescriptor>(
    service: S,
    options?: Omit<ClientOptions, "transport" | "target">,
  ): Client<S>;
}

/** Everything that one case starts, and what ends it. */
export class World implements AsyncDisposable {
  readonly #transport: TransportUnderTest;
  readonly #running: { readonly server: Server; readonly pair: TransportPair }[] = [];

  constructor(transport: TransportUnderTest) {
    this.#transport = transport;
  }

  /** Starts a server with these handlers. Methods without one answer `unimplemented`. */
  async start(handlers: Handlers, options: StartOptions = {}): Promise<Running> {
    const events: TransportEvent[] = [];
    const pair = this.#transport.create(options.limits ?? {}, (event) => events.push(event));
    const server = createServer({ ...options.server, transports: [pair.server] });
    this.#running.push({ server, pair });
    server.add(Talk, complete(Talk, handlers.talk)).add(Blob, complete(Blob, handlers.blob));
    const listening: Listening = await server.listen({ host: "127.0.0.1", ...this.#transport.listen });
    const target = this.#transport.target?.(listening) ?? listening.target;
    const client: Running["client"] = (service, own) =>
      createClient(service, { ...options.client, ...own, transport: pair.client, target });
    return {
      talk: client(Talk),
      blob: client(Blob),
      server,
      pair,
      transport: pair.client,
      target,
      events,
      async connect() {
        await client(Blob)
          .swap(new Uint8Array())
          .catch(() => {});
      },
      client,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server, pair } of this.#running) {
      await pair.client.close();
      await server.close({ graceMs: 0 });
    }
  }
}

function complete<S extends ServiceDescriptor>(
  service: S,
  handlers: Partial<Implementation<S>> | undefined,
): Implementation<S> {
  const missing = (): never => {
    throw new RpcError("unimplemented", `this case has no such handler in ${service.name}`);
  };
  const all = Object.keys(service.methods).map((key) => [key, missing] as const);
  return { ...Object.fromEntries(all), ...handlers } as Implementation<S>;
}
