import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Context } from "@slipstream/metainfo";
import { RpcError, type ServerHandler, type TransportEvent } from "@slipstream/stream";
import { type ResolvedSessionOptions, ServerSession, wholeOption } from "@slipstream/ttheader";
import { type WebSocket, WebSocketServer } from "ws";
import { closeOptions, WsLink } from "../node/ws-link.ts";
import { heartbeatIntervalMs, maxPayloadBytes, sessionOptions } from "../options.ts";
import { subprotocol, transportName } from "../subprotocol.ts";
import { checkOrigins, type Refusal, refusal, refusalFor, refusalOf } from "./admission.ts";
import type { Authenticated, EndpointOptions } from "./options.ts";

type ExtendContext = (context: Context) => Context;

/** Turns upgrade requests into connections, and serves them. It has no port of its own. */
export class Endpoint {
  readonly requestTimeoutMs: number;
  readonly #options: EndpointOptions;
  readonly #session: ResolvedSessionOptions;
  readonly #pingIntervalMs: number;
  readonly #maxConnections: number;
  readonly #ws: WebSocketServer;
  /** Sockets whose client is being authenticated. */
  readonly #admitting = new Set<Duplex>();
  readonly #sessions = new Set<ServerSession>();
  readonly #closing = new Set<Promise<void>>();
  #handler: ServerHandler | undefined;
  #isDraining = false;

  /** @throws RpcError `invalid_argument` for an option outside its range. */
  constructor(options: EndpointOptions) {
    checkOrigins(options.origins);
    if (options.path !== undefined && !/^\/[^?#]*$/.test(options.path)) {
      throw new RpcError(
        "invalid_argument",
        `path is ${JSON.stringify(options.path)}; expected one such as "/rpc"`,
      );
    }
    this.#options = options;
    this.#session = sessionOptions(options, 0);
    this.#pingIntervalMs = heartbeatIntervalMs(options);
    this.#maxConnections = wholeOption(options, "maxConnections", 10_000, 1);
    this.requestTimeoutMs = wholeOption(options, "requestTimeoutMs", 10_000, 1);
    this.#ws = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: options.perMessageDeflate ?? false,
      maxPayload: maxPayloadBytes(options, this.#session),
      ...closeOptions,
      handleProtocols: () => subprotocol,
    });
    this.#ws.on("wsClientError", (error, socket, request) =>
      this.#refuse(request, socket, refusal(400, "invalid_argument", error.message, error)),
    );
  }

  get isServing(): boolean {
    return this.#handler !== undefined;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get queuedBytes(): number {
    let bytes = 0;
    for (const session of this.#sessions) bytes += session.queuedBytes;
    return bytes;
  }

  /** Whether a request is for this endpoint. */
  isFor(request: IncomingMessage): boolean {
    const { path } = this.#options;
    return path === undefined || request.url?.split("?", 1)[0] === path;
  }

  /** @throws RpcError `failed_precondition` the second time. */
  serve(handler: ServerHandler): void {
    if (this.#handler !== undefined) {
      throw new RpcError(
        "failed_precondition",
        "this websocket transport serves already; make one for each server",
      );
    }
    this.#handler = handler;
  }

  drain(): void {
    this.#isDraining = true;
    for (const session of [...this.#sessions]) session.drain();
  }

  async close(): Promise<void> {
    this.#handler = undefined;
    for (const socket of [...this.#admitting]) socket.destroy();
    for (const session of [...this.#sessions]) session.close();
    await Promise.all(this.#closing);
  }

  /** Takes an upgrade request over, and answers it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until `ws` has it, nobody else listens.
    socket.on("error", ignore);
    const refused = this.#refusal(request);
    if (refused !== undefined) this.#refuse(request, socket, refused);
    else if (this.#options.authenticate === undefined) this.#accept(request, socket, head, undefined);
    else this.#authenticate(this.#options.authenticate, request, socket, head);
  }

  /** Answers a request by an HTTP response, and closes its connection. */
  refuse(request: IncomingMessage, socket: Duplex, status: number, text: string): void {
    socket.on("error", ignore);
    this.#refuse(request, socket, refusal(status, "invalid_argument", text));
  }

  #refusal(request: IncomingMessage): Refusal | undefined {
    if (!this.isFor(request)) return refusal(404, "invalid_argument", "there is nothing here");
    if (this.#handler === undefined || this.#isDraining) return refusal(503, "unavailable", "shutting down");
    if (this.#sessions.size + this.#admitting.size >= this.#maxConnections) {
      return refusal(503, "resource_exhausted", `maxConnections (${this.#maxConnections}) are open`);
    }
    return refusalOf(request, this.#options);
  }

  #authenticate(
    hook: NonNullable<EndpointOptions["authenticate"]>,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    const leave = (): void => {
      clearTimeout(timer);
      socket.off("close", leave);
      this.#admitting.delete(socket);
    };
    const refuse = (why: Refusal): void => {
      leave();
      this.#refuse(request, socket, why);
    };
    const timer = setTimeout(
      () =>
        refuse(
          refusal(
            503,
            "unavailable",
            `authenticate took more than requestTimeoutMs (${this.requestTimeoutMs})`,
          ),
        ),
      this.requestTimeoutMs,
    );
    socket.once("close", leave);
    this.#admitting.add(socket);
    const answer = async (): Promise<Authenticated> => hook(request);
    answer().then(
      (authenticated) => {
        if (!this.#admitting.has(socket)) return;
        if (authenticated === false) {
          refuse(refusal(401, "unauthenticated", "not allowed"));
          return;
        }
        leave();
        this.#accept(request, socket, head, typeof authenticated === "function" ? authenticated : undefined);
      },
      (thrown: unknown) => {
        if (this.#admitting.has(socket)) refuse(refusalFor(thrown));
      },
    );
  }

  #accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    extendContext: ExtendContext | undefined,
  ): void {
    socket.off("error", ignore);
    this.#ws.handleUpgrade(request, socket, head, (ws) =>
      this.#connected(ws, request, socket as Socket, extendContext),
    );
  }

  #connected(
    ws: WebSocket,
    request: IncomingMessage,
    socket: Socket,
    extendContext: ExtendContext | undefined,
  ): void {
    const link = new WsLink(ws, socket, true, this.#pingIntervalMs);
    this.#closing.add(link.closed);
    void link.closed.then(() => this.#closing.delete(link.closed));
    const address = peerOf(request);
    const peer = {
      address,
      transport: transportName,
      isSlipstream: true,
      ...("encrypted" in socket && { tls: socket }),
      ...(extendContext && { extendContext }),
    };
    const session: ServerSession = new ServerSession(
      link,
      peer,
      this.#session,
      this.#handler as ServerHandler,
      {
        onRefused: (error) =>
          this.#emit({ type: "limit_hit", transport: transportName, peer: address, error }),
        onEnded: (error) => {
          this.#sessions.delete(session);
          this.#emit({
            type: "connection_closed",
            transport: transportName,
            side: "server",
            peer: address,
            ...(error && { error }),
          });
        },
      },
    );
    this.#sessions.add(session);
    this.#emit({ type: "connection_opened", transport: transportName, side: "server", peer: address });
    link.start(session);
    // It may have begun while the client was authenticated.
    if (this.#isDraining) session.drain();
  }

  #refuse(request: IncomingMessage, socket: Duplex, { status, text, error }: Refusal): void {
    const body = `${text}\n`;
    socket.once("finish", () => socket.destroy());
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    this.#emit({ type: "refused", transport: transportName, peer: peerOf(request), error });
  }

  #emit(event: TransportEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // The last to be told: there is nobody left to tell.
    }
  }
}

/** What goes wrong with a socket that is being answered or closed concerns nobody. */
function ignore(): void {}

function peerOf({ socket }: IncomingMessage): string {
  const { remoteAddress, remoteFamily, remotePort } = socket;
  if (remoteAddress === undefined) return "unix";
  return `${remoteFamily === "IPv6" ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}
