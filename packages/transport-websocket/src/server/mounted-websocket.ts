import type { IncomingMessage, Server } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import {
  type Address,
  parseAddress,
  type RunningTransport,
  type ServerHandler,
  type ServerTransport,
} from "@slipstream/stream";
import { transportName } from "../subprotocol.ts";
import { Endpoint } from "./endpoint.ts";
import type { EndpointOptions } from "./options.ts";

export interface MountedWebSocketOptions extends EndpointOptions {
  /** Path of the endpoint, without query, such as `/rpc`. Upgrade requests for others are not touched. */
  readonly path: string;
}

/** The server's side of WebSocket, on an HTTP server that belongs to somebody else. */
export interface MountedWebSocketTransport extends ServerTransport {
  /** Bytes that wait in this transport, to be sent or to be read, on all its connections. */
  readonly queuedBytes: number;
}

/**
 * Serves WebSocket clients on an HTTP server that the program has: that of Express, Fastify, Next.js and others, or a plain
 * one of `node:http` or `node:https`. It takes upgrade requests for its path while the RPC server runs, and leaves
 * everything else alone; the HTTP server is listened on, limited and closed by its owner.
 *
 * @throws RpcError `invalid_argument` for an option outside its range.
 *
 * @example
 * const http = express().listen(8080);
 * const server = createServer({ transports: [mountedWebsocket(http, { path: "/rpc" })] }).add(Chat, implementation);
 * await server.listen();
 */
export function mountedWebsocket(
  http: Server | HttpsServer,
  options: MountedWebSocketOptions,
): MountedWebSocketTransport {
  return new MountedWebSocket(http, options);
}

class MountedWebSocket implements MountedWebSocketTransport {
  readonly name = transportName;
  readonly #http: Server | HttpsServer;
  readonly #path: string;
  readonly #endpoint: Endpoint;

  constructor(http: Server | HttpsServer, options: MountedWebSocketOptions) {
    this.#http = http;
    this.#path = options.path;
    this.#endpoint = new Endpoint(options);
  }

  get queuedBytes(): number {
    return this.#endpoint.queuedBytes;
  }

  async serve(handler: ServerHandler): Promise<RunningTransport> {
    this.#endpoint.serve(handler);
    this.#http.on("upgrade", this.#onUpgrade);
    return {
      addresses: this.#addresses(),
      drain: () => this.#endpoint.drain(),
      close: () => {
        this.#http.off("upgrade", this.#onUpgrade);
        return this.#endpoint.close();
      },
    };
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#endpoint.isFor(request)) {
      this.#endpoint.upgrade(request, socket, head);
    } else if (this.#http.listenerCount("upgrade") === 1) {
      // Without us Node would have answered by itself.
      this.#endpoint.refuse(request, socket, 404, "there is nothing here");
    }
  };

  /** None while the HTTP server does not listen. */
  #addresses(): Address[] {
    const address = this.#http.address();
    if (address === null || typeof address === "string") return [];
    const isWildcard = address.address === "::" || address.address === "0.0.0.0";
    const host = isWildcard
      ? "127.0.0.1"
      : address.family === "IPv6"
        ? `[${address.address}]`
        : address.address;
    const scheme = this.#http instanceof HttpsServer ? "wss" : "ws";
    return [parseAddress(`${scheme}://${host}:${address.port}${this.#path}`)];
  }
}
