import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { RunningTransport, ServerHandler } from "@slipstream/stream";
import type { SocketTransport } from "@slipstream/stream/node";
import { subprotocol, transportName } from "../subprotocol.ts";
import { Endpoint } from "./endpoint.ts";
import type { WebSocketServerOptions } from "./options.ts";

/** The server's side of WebSocket, on the one port beside other protocols. */
export interface WebSocketServerTransport extends SocketTransport {
  /** Bytes that wait in this transport, to be sent or to be read, on all its connections. */
  readonly queuedBytes: number;
}

/**
 * Serves browsers and other clients over WebSocket, beside other transports on the server's port. `GET /healthz` answers
 * 200, or 503 while shutting down.
 *
 * @throws RpcError `invalid_argument` for an option outside its range.
 *
 * @example
 * const server = createServer({ transports: [ttheader(), websocketServer({ origins: ["https://example.com"] })] });
 */
export function websocketServer(options: WebSocketServerOptions = {}): WebSocketServerTransport {
  return new WebSocketServer(options);
}

const methods = ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH "];

class WebSocketServer implements WebSocketServerTransport {
  readonly name = transportName;
  readonly detectOrder = 50;
  readonly alpn = ["http/1.1"] as const;
  readonly #options: WebSocketServerOptions;
  readonly #endpoint: Endpoint;
  readonly #http: Server;

  constructor(options: WebSocketServerOptions) {
    this.#options = options;
    this.#endpoint = new Endpoint(options);
    const { requestTimeoutMs } = this.#endpoint;
    this.#http = createServer(
      {
        headersTimeout: requestTimeoutMs,
        requestTimeout: requestTimeoutMs,
        connectionsCheckingInterval: Math.max(1, Math.floor(requestTimeoutMs / 2)),
      },
      (request, response) => this.#answer(request, response),
    );
    this.#http.on("upgrade", (request, socket, head) => this.#endpoint.upgrade(request, socket, head));
  }

  get queuedBytes(): number {
    return this.#endpoint.queuedBytes;
  }

  async serve(handler: ServerHandler): Promise<RunningTransport> {
    this.#endpoint.serve(handler);
    // It never listens by itself, yet this event is what makes Node keep track of requests: without it no time limit
    // holds, and `closeAllConnections` closes none.
    this.#http.emit("listening");
    return {
      addresses: [],
      drain: () => {
        this.#endpoint.drain();
        this.#http.closeIdleConnections();
      },
      close: async () => {
        // Stops the tracking; there is no port to be closed.
        this.#http.close(() => {});
        this.#http.closeAllConnections();
        await this.#endpoint.close();
      },
    };
  }

  detect(head: Uint8Array): "yes" | "no" | "more" {
    const text = String.fromCharCode(...head.subarray(0, 8));
    if (methods.some((method) => text.startsWith(method))) return "yes";
    return methods.some((method) => method.startsWith(text)) ? "more" : "no";
  }

  accept(socket: Socket): void {
    if (this.#endpoint.isServing) this.#http.emit("connection", socket);
    else socket.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { isDraining } = this.#endpoint;
    if (isDraining) response.setHeader("connection", "close");
    if (request.method === "GET" && request.url === "/healthz") {
      respond(response, isDraining ? 503 : 200, isDraining ? "shutting down" : "ok");
    } else if (this.#options.onRequest !== undefined) {
      this.#options.onRequest(request, response);
    } else if (this.#options.path !== undefined && this.#endpoint.isFor(request)) {
      response.setHeader("upgrade", "websocket");
      respond(response, 426, `this is a WebSocket endpoint (${subprotocol})`);
    } else {
      respond(response, 404, "there is nothing here");
    }
  }
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}
