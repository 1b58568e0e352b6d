import { type Client, createClient } from "@slipstream/rpc";
import { createServer, type ListenOptions, type Server, type ServerOptions } from "@slipstream/rpc/server";
import { type Implementation, RpcError, type TransportEvent } from "@slipstream/stream";
import { type StateChange, type WebSocketOptions, type WebSocketTransport, websocket } from "../src/index.ts";
import {
  type WebSocketServerOptions,
  type WebSocketServerTransport,
  websocketServer,
} from "../src/server.ts";
import { Lab } from "./lab.ts";

export interface ServeOptions extends WebSocketServerOptions {
  readonly handlers?: Partial<Implementation<typeof Lab>>;
  readonly listen?: ListenOptions;
  readonly server?: Omit<ServerOptions, "transports">;
}

/** A server of `Lab` that runs. */
export class Serving implements AsyncDisposable {
  readonly server: Server;
  readonly transport: WebSocketServerTransport;
  readonly port: number;
  readonly events: TransportEvent[];

  constructor(server: Server, transport: WebSocketServerTransport, port: number, events: TransportEvent[]) {
    this.server = server;
    this.transport = transport;
    this.port = port;
    this.events = events;
  }

  get target(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  /** Errors of what was refused. */
  get refused(): readonly RpcError[] {
    return this.events.flatMap((event) => (event.type === "refused" ? [event.error] : []));
  }

  close(): Promise<void> {
    return this.server.close({ graceMs: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Handlers that echo. */
export const echoes: Implementation<typeof Lab> = {
  ask: async (line) => line,
  async collect(stream) {
    let n = 0;
    for await (const _ of stream) n++;
    return { text: "", n };
  },
  async story(line, stream) {
    await stream.send(line);
  },
  async chat(stream) {
    for await (const line of stream) await stream.send(line);
  },
};

export async function serve({
  handlers,
  listen,
  server: rest,
  ...options
}: ServeOptions = {}): Promise<Serving> {
  const events: TransportEvent[] = [];
  const onEvent = (event: TransportEvent): void => void events.push(event);
  const transport = websocketServer({ ...options, onEvent });
  const server = createServer({ onEvent, ...rest, transports: [transport] }).add(Lab, {
    ...echoes,
    ...handlers,
  });
  const { port } = await server.listen({ host: "127.0.0.1", ...listen });
  return new Serving(server, transport, port, events);
}

/** A client, and what its transport told. */
export class Calling implements AsyncDisposable {
  readonly transport: WebSocketTransport;
  readonly lab: Client<typeof Lab>;
  readonly events: TransportEvent[] = [];
  readonly changes: StateChange[] = [];

  constructor(target: string, options: WebSocketOptions = {}) {
    this.transport = websocket({
      ...options,
      onEvent: (event) => this.events.push(event),
      onStateChange: (change) => this.changes.push(change),
    });
    this.lab = createClient(Lab, { transport: this.transport, target });
  }

  get states(): readonly string[] {
    return this.changes.map(({ state }) => state);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.transport.close();
  }
}

export async function failure(work: PromiseLike<unknown> | (() => unknown)): Promise<RpcError> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error("an error was expected");
}

/** Resolves when `condition` holds; the test's own time limit ends the waiting. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
