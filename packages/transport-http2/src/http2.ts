import type { Socket } from "node:net";
import { ALPN } from "@slipstream/h2/node";
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
import { Http2Client } from "./client.ts";
import { detectHttp2 } from "./detect.ts";
import { type Http2Options, resolveOptions } from "./options.ts";
import { Http2Server } from "./server.ts";

/** Both ends of gRPC over HTTP/2; a program gives it to clients, to a server, or to both. */
export interface Http2Transport extends ClientTransport, SocketTransport {
  call(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined>;
}

/**
 * gRPC over HTTP/2, with Thrift messages as Kitex sends them, or Protobuf messages as everybody does. Over TCP (in clear text
 * with prior knowledge, or TLS with ALPN) and Unix sockets; targets are `host:port` and `unix:/path`.
 *
 * @throws RpcError `invalid_argument` for an option outside its range.
 *
 * @example
 * const server = createServer({ transports: [http2()] }).add(Greeter, implementation);
 * const { target } = await server.listen({ port: 8888 });
 *
 * await using transport = http2({ connectTimeoutMs: 500 });
 * const client = createClient(Greeter, { transport, target });
 */
export function http2(options: Http2Options = {}): Http2Transport {
  return new Http2(options);
}

class Http2 implements Http2Transport {
  readonly name = "http2";
  readonly schemes = ["tcp", "unix"] as const;
  readonly alpn: readonly string[] = [ALPN];
  readonly detectOrder = 10;
  readonly #client: Http2Client;
  readonly #server: Http2Server;

  constructor(options: Http2Options) {
    const resolved = resolveOptions(options);
    this.#client = new Http2Client(resolved);
    this.#server = new Http2Server(resolved);
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

  detect(head: Uint8Array, tls?: { readonly alpn: string | false }): "yes" | "no" | "more" {
    return detectHttp2(head, tls);
  }

  accept(socket: Socket): void {
    this.#server.accept(socket);
  }
}
