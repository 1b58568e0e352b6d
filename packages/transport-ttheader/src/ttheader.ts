import type { Socket } from "node:net";
import type {
  CallStart,
  ClientByteStream,
  ClientTransport,
  OpenOptions,
  Reply,
  RunningTransport,
  ServerHandler,
} from "@slipstream/stream";
import type { SocketTransport } from "@slipstream/stream/node";
import { TtheaderClient } from "./client.ts";
import { detectTtheader } from "./detect.ts";
import { resolveOptions, type TtheaderOptions } from "./options.ts";
import { TtheaderServer } from "./server.ts";

/** Both ends of TTHeader; a program gives it to clients, to a server, or to both. */
export interface TtheaderTransport extends ClientTransport, SocketTransport {
  /** Bytes that wait in this transport, to be sent or to be read, on all its connections: what a watch on memory looks at. */
  readonly queuedBytes: number;
}

/**
 * Kitex's TTHeader over TCP, TLS and Unix sockets. Targets are `host:port` and `unix:/path`.
 *
 * @throws RpcError `invalid_argument` for an option outside its range.
 *
 * @example
 * const server = createServer({ transports: [ttheader()] }).add(Greeter, implementation);
 * const { target } = await server.listen({ port: 8888 });
 *
 * await using transport = ttheader({ connectTimeoutMs: 500 });
 * const client = createClient(Greeter, { transport, target });
 */
export function ttheader(options: TtheaderOptions = {}): TtheaderTransport {
  return new Ttheader(options);
}

class Ttheader implements TtheaderTransport {
  readonly name = "ttheader";
  readonly schemes = ["tcp", "unix"] as const;
  readonly detectOrder = 20;
  readonly #client: TtheaderClient;
  readonly #server: TtheaderServer;

  constructor(options: TtheaderOptions) {
    const resolved = resolveOptions(options);
    this.#client = new TtheaderClient(resolved);
    this.#server = new TtheaderServer(resolved);
  }

  get queuedBytes(): number {
    return this.#client.queuedBytes + this.#server.queuedBytes;
  }

  open(start: CallStart, options: OpenOptions = {}): Promise<ClientByteStream> {
    return this.#client.open(start, options);
  }

  call(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    return this.#client.call(start, request, options);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async serve(handler: ServerHandler): Promise<RunningTransport> {
    return this.#server.serve(handler);
  }

  detect(head: Uint8Array): "yes" | "no" | "more" {
    return detectTtheader(head);
  }

  accept(socket: Socket): void {
    this.#server.accept(socket);
  }
}
