import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Context } from "@slipstream/metainfo";
import { RpcError, type RunningTransport, type ServerHandler, type TransportEvent } from "@slipstream/stream";
import type { SocketTransport } from "@slipstream/stream/node";
import { type ResolvedSessionOptions, ServerSession } from "@slipstream/ttheader";
import { type WebSocket, WebSocketServer } from "ws";
import { sessionOptions, wholeNumber } from "./options.ts";
import type { WebSocketServerOptions } from "./server-options.ts";
import { subprotocol, transportName } from "./subprotocol.ts";
import { WsLink } from "./ws-link.ts";

/** The server's side of WebSocket: on the one port beside other protocols, or mounted on an HTTP server of yours. */
export interface WebSocketServerTransport extends SocketTransport {
  /**
   * Takes the upgrade requests for its path from `server`, and leaves all others alone. The server must serve already.
   * Returns a function that lets go of it; connections stay.
   */
  mount(server: Server | HttpsServer): () => void;
}

/**
 * Serves browsers and other clients over WebSocket. `GET /healthz` answers 200, or 503 while shutting down.
 *
 * @throws RpcError `invalid_argument` for an option outside its range.
 *
 * @example
 * const server = createServer({ transports: [ttheader(), websocketServer({ origins: ["https://example.com"] })] });
 */
export function websocketServer(options: WebSocketServerOptions = {}): WebSocketServerTransport {
  return new WsServer(options);
}

const methods = ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH "];

class WsServer implements WebSocketServerTransport {
  readonly name = transportName;
  readonly detectOrder = 50;
  readonly alpn = ["http/1.1"] as const;
  readonly #options: WebSocketServerOptions;
  readonly #session: ResolvedSessionOptions;
  readonly #heartbeatIntervalMs: number;
  readonly #maxConnections: number;
  readonly #http: Server;
  readonly #ws: WebSocketServer;
  readonly #sessions = new Set<ServerSession>();
  readonly #closing = new Set<Promise<void>>();
  #pending = 0;
  #handler: ServerHandler | undefined;
  #isDraining = false;

  constructor(options: WebSocketServerOptions) {
    this.#options = options;
    this.#session = sessionOptions(options, 0);
    this.#heartbeatIntervalMs = wholeNumber("heartbeatIntervalMs", options.heartbeatIntervalMs, 30_000, 0);
    this.#maxConnections = wholeNumber("maxConnections", options.maxConnections, 10_000, 1);
    const requestTimeoutMs = wholeNumber("requestTimeoutMs", options.requestTimeoutMs, 10_000, 1);
    this.#ws = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#session.limits.maxFrameLength + 4,
      handleProtocols: () => subprotocol,
    });
    this.#http = createServer(
      {
        headersTimeout: requestTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: 5_000,
        connectionsCheckingInterval: Math.max(1, Math.floor(requestTimeoutMs / 2)),
      },
      (request, response) => this.#answer(request, response),
    );
    this.#http.on("upgrade", (request, socket: Duplex, head) => void this.#upgrade(request, socket, head));
  }

  async serve(handler: ServerHandler): Promise<RunningTransport> {
    if (this.#handler) {
      throw new RpcError(
        "failed_precondition",
        "this websocket transport serves already; make one for each server",
      );
    }
    this.#handler = handler;
    return {
      addresses: [],
      drain: () => {
        this.#isDraining = true;
        for (const session of [...this.#sessions]) session.drain();
      },
      close: async () => {
        this.#handler = undefined;
        for (const session of [...this.#sessions]) session.close();
        await new Promise<void>((resolve) => {
          this.#http.close(() => resolve());
          this.#http.closeAllConnections();
        });
        await Promise.all(this.#closing);
      },
    };
  }

  detect(head: Uint8Array): "yes" | "no" | "more" {
    const text = String.fromCharCode(...head.subarray(0, 8));
    if (methods.some((method) => text.startsWith(method))) return "yes";
    return methods.some((method) => method.startsWith(text)) ? "more" : "no";
  }

  accept(socket: Socket): void {
    if (this.#handler) this.#http.emit("connection", socket);
    else socket.destroy();
  }

  mount(server: Server | HttpsServer): () => void {
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (this.#isEndpoint(request)) void this.#upgrade(request, socket, head);
    };
    server.on("upgrade", onUpgrade);
    return () => server.off("upgrade", onUpgrade);
  }

  #isEndpoint(request: IncomingMessage): boolean {
    const { path } = this.#options;
    return path === undefined || request.url?.split("?", 1)[0] === path;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === "GET" && request.url === "/healthz") {
      respond(response, this.#isDraining ? 503 : 200, this.#isDraining ? "shutting down" : "ok");
    } else if (this.#options.onRequest) {
      this.#options.onRequest(request, response);
    } else if (this.#options.path !== undefined && this.#isEndpoint(request)) {
      response.setHeader("upgrade", "websocket");
      respond(response, 426, `this is a WebSocket endpoint (${subprotocol})`);
    } else {
      respond(response, 404, "there is nothing here");
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const refuse = (status: number, why: string): void => this.#refuse(request, socket, status, why);
    // Until `ws` has it, nobody else listens.
    const onError = (): void => {};
    socket.on("error", onError);
    const refusal = this.#refusal(request);
    if (refusal) return refuse(...refusal);
    this.#pending++;
    try {
      const authenticated = await this.#options.authenticate?.(request);
      if (authenticated === false) return refuse(401, "not allowed");
      if (socket.destroyed || !this.#handler) {
        socket.destroy();
        return;
      }
      socket.off("error", onError);
      const extendContext = typeof authenticated === "function" ? authenticated : undefined;
      this.#ws.handleUpgrade(request, socket, head, (ws) => this.#connected(ws, request, extendContext));
    } catch (thrown) {
      refuse(401, thrown instanceof Error ? thrown.message : "not allowed");
    } finally {
      this.#pending--;
    }
  }

  #refusal(request: IncomingMessage): [status: number, why: string] | undefined {
    if (!this.#isEndpoint(request)) return [404, "there is nothing here"];
    if (!this.#handler || this.#isDraining) return [503, "shutting down"];
    const offered = String(request.headers["sec-websocket-protocol"] ?? "").split(",");
    if (!offered.some((name) => name.trim() === subprotocol)) {
      return [400, `expected the subprotocol ${subprotocol}, got ${offered.join(",") || "none"}`];
    }
    if (!this.#isAllowedOrigin(request)) {
      return [403, `origin ${request.headers.origin} is not allowed; allow it by the option origins`];
    }
    if (this.#sessions.size + this.#pending >= this.#maxConnections) {
      return [503, `maxConnections (${this.#maxConnections}) are open`];
    }
    return undefined;
  }

  #isAllowedOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
    const { origins = "same" } = this.#options;
    if (origin === undefined || origins === "any") return true;
    if (origins !== "same") return origins.includes(origin);
    try {
      return new URL(origin).host === host;
    } catch {
      return false;
    }
  }

  #refuse(request: IncomingMessage, socket: Duplex, status: number, why: string): void {
    const body = `${why}\n`;
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    const error = new RpcError(status === 503 ? "resource_exhausted" : "permission_denied", why);
    this.#emit({ type: "refused", transport: transportName, peer: peerOf(request), error });
  }

  #connected(
    ws: WebSocket,
    request: IncomingMessage,
    extendContext: ((context: Context) => Context) | undefined,
  ): void {
    const handler = this.#handler;
    if (!handler) {
      ws.terminate();
      return;
    }
    const address = peerOf(request);
    const closed = new Promise<void>((resolve) => ws.once("close", () => resolve()));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    const link = new WsLink(ws, this.#heartbeatIntervalMs);
    const tls = "encrypted" in request.socket ? { tls: request.socket } : undefined;
    const peer = {
      address,
      transport: transportName,
      ...tls,
      ...(extendContext ? { extendContext } : undefined),
    };
    const session: ServerSession = new ServerSession(link, peer, this.#session, handler, {
      onRefused: (error) => this.#emit({ type: "limit_hit", transport: transportName, peer: address, error }),
      onEnded: (error) => {
        this.#sessions.delete(session);
        this.#emit({
          type: "connection_closed",
          transport: transportName,
          side: "server",
          peer: address,
          ...(error ? { error } : undefined),
        });
      },
    });
    this.#sessions.add(session);
    this.#emit({ type: "connection_opened", transport: transportName, side: "server", peer: address });
    link.start(session);
    if (this.#isDraining) session.drain();
  }

  #emit(event: TransportEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // The last to be told: there is nobody left to tell.
    }
  }
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

function peerOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress === undefined ? "unix" : `${socket.remoteAddress}:${socket.remotePort}`;
}
