import {
  type Address,
  type Implementation,
  RpcError,
  type RunningTransport,
  type ServerHandler,
  type ServerTransport,
  type ServiceDescriptor,
} from "@slipstream/stream";
import { isSocketTransport } from "@slipstream/stream/node";
import { Dispatcher } from "./dispatcher.ts";
import { Listener, type Listening, type ListenOptions } from "./listener.ts";
import type { ServerOptions } from "./options.ts";

export interface CloseOptions {
  /** How long calls in flight may take to finish, in milliseconds. @defaultValue 5,000 */
  readonly graceMs?: number;
}

/** Serves services over the transports it was made with. */
export interface Server extends AsyncDisposable {
  /**
   * Adds a service; before or after `listen`.
   *
   * @throws RpcError `invalid_argument` when a handler is missing or the name is taken.
   */
  add<S extends ServiceDescriptor>(service: S, implementation: Implementation<S>): this;
  /**
   * Starts to serve. Transports on sockets share the port; the others are reached by their own addresses. May be called
   * again for another port.
   *
   * @throws RpcError `unavailable` when the port cannot be had.
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /** Calls in flight. */
  readonly activeCalls: number;
  /**
   * Shuts down in order: takes no new connections and calls and says so to peers; lets calls in flight finish up to a
   * limit; then ends them, their handlers told through context and signal; then closes all connections. Takes at most
   * `graceMs` and a little more, and may be called again (the first call's limit counts).
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * A server for any number of services, over any transports.
 *
 * @throws RpcError `invalid_argument` for a bad option.
 *
 * @example
 * const server = createServer({ transports: [ttheader()] }).add(Greeter, {
 *   async greet(request) {
 *     return { message: `hello ${request.name}` };
 *   },
 * });
 * const { port } = await server.listen({ port: 8888 });
 */
export function createServer(options: ServerOptions): Server {
  return new RpcServer(options);
}

class RpcServer implements Server {
  readonly #options: ServerOptions;
  readonly #dispatcher: Dispatcher;
  readonly #listeners: Listener[] = [];
  /** Listeners that are about to listen, to be waited for before a close. */
  readonly #starting = new Set<Promise<unknown>>();
  #serving: Promise<void> | undefined;
  #running: readonly RunningTransport[] = [];
  #closing: Promise<void> | undefined;

  constructor(options: ServerOptions) {
    if (options.transports.length === 0) {
      throw new RpcError("invalid_argument", "transports is an empty list; expected at least one");
    }
    this.#options = options;
    this.#dispatcher = new Dispatcher(options);
  }

  get activeCalls(): number {
    return this.#dispatcher.active.size;
  }

  add<S extends ServiceDescriptor>(service: S, implementation: Implementation<S>): this {
    this.#dispatcher.registry.add(service, implementation as Readonly<Record<string, unknown>>);
    return this;
  }

  listen(options: ListenOptions = {}): Promise<Listening> {
    const listening = this.#listen(options);
    this.#starting.add(listening);
    return listening.finally(() => this.#starting.delete(listening));
  }

  close(options: CloseOptions = {}): Promise<void> {
    return (this.#closing ??= this.#close(options.graceMs ?? 5_000));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(options: ListenOptions): Promise<Listening> {
    if (this.#closing) {
      throw new RpcError("failed_precondition", "the server has been closed; make a new one");
    }
    await this.#serve();
    const sockets = this.#options.transports.filter(isSocketTransport);
    if (sockets.length === 0) return listeningAt(this.#running.flatMap(({ addresses }) => addresses));
    const listener = new Listener(sockets, options, this.#options.onEvent);
    const listening = await listener.listen();
    this.#listeners.push(listener);
    return listening;
  }

  /** Starts all transports, once; none stays started when one fails. */
  async #serve(): Promise<void> {
    this.#serving ??= serveAll(this.#options.transports, this.#dispatcher).then((running) => {
      this.#running = running;
    });
    try {
      await this.#serving;
    } catch (thrown) {
      this.#serving = undefined;
      throw thrown;
    }
  }

  async #close(graceMs: number): Promise<void> {
    if (this.#starting.size > 0) await Promise.allSettled(this.#starting);
    const running = this.#running;
    for (const listener of this.#listeners) listener.stop();
    for (const transport of running) transport.drain();
    const { active } = this.#dispatcher;
    if (!(await active.idle(graceMs))) {
      const why = `the server shut down, and the call took longer than ${graceMs} ms more`;
      active.abortAll(() => new RpcError("unavailable", why));
    }
    await Promise.all(running.map((transport) => transport.close()));
    await Promise.all(this.#listeners.map((listener) => listener.closed()));
  }
}

async function serveAll(
  transports: readonly ServerTransport[],
  handler: ServerHandler,
): Promise<readonly RunningTransport[]> {
  const started = await Promise.allSettled(transports.map((transport) => transport.serve(handler)));
  const running = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = started.find((one) => one.status === "rejected");
  if (!failed) return running;
  await Promise.all(running.map((transport) => transport.close()));
  throw failed.reason;
}

function listeningAt(addresses: readonly Address[]): Listening {
  return { port: addresses[0]?.port ?? 0, host: addresses[0]?.host ?? "", target: addresses[0]?.key ?? "" };
}
