import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { type OnEvent, RpcError, type TransportEvent } from "@slipstream/stream";
import { chooseTransport, maxDetectBytes, type SocketTransport } from "@slipstream/stream/node";

export interface ListenOptions {
  /** 0 takes any free port. @defaultValue 0 */
  readonly port?: number;
  /** @defaultValue all interfaces */
  readonly host?: string;
  /** Path of a Unix socket, instead of a port. */
  readonly path?: string;
  /** Certificate, key and so on, as `node:tls` takes them: then every connection is TLS. */
  readonly tls?: TlsOptions;
  /** Time for a connection to say by its first bytes what it is. @defaultValue 5,000 */
  readonly detectTimeoutMs?: number;
  /** Connections open at once; one more is closed. @defaultValue 10,000 */
  readonly maxConnections?: number;
}

/** Where a server listens. */
export interface Listening {
  readonly port: number;
  readonly host: string;
  /** As a client's target: `host:port`, or `unix:path`. */
  readonly target: string;
}

/** One port for several transports: reads the first bytes of a connection and hands it to the transport they are for. */
export class Listener {
  readonly #transports: readonly SocketTransport[];
  readonly #options: ListenOptions;
  readonly #onEvent: OnEvent | undefined;
  readonly #detectTimeoutMs: number;
  readonly #server: Server;
  /** Connections whose protocol is not known yet. */
  readonly #undecided = new Set<Socket>();
  /** Connections in their TLS handshake, by their peers: a `TLSSocket` does not say which socket it is on. */
  readonly #handshaking = new Map<string, Socket>();

  constructor(transports: readonly SocketTransport[], options: ListenOptions, onEvent: OnEvent | undefined) {
    this.#transports = [...transports].sort((a, b) => a.detectOrder - b.detectOrder);
    this.#options = options;
    this.#onEvent = onEvent;
    this.#detectTimeoutMs = options.detectTimeoutMs ?? 5_000;
    // Paused until a transport reads: the first bytes must be there when it gets the socket.
    const common = { noDelay: true, pauseOnConnect: true };
    this.#server = options.tls
      ? this.#createTlsServer({ ...common, ...options.tls })
      : createServer(common, (socket) => this.#detect(socket));
    this.#server.maxConnections = options.maxConnections ?? 10_000;
    this.#server.on("drop", (data?: { remoteAddress?: string; remotePort?: number }) => {
      const peer = data?.remoteAddress ? `${data.remoteAddress}:${data.remotePort}` : "unknown";
      const limit = `a connection was closed: maxConnections (${this.#server.maxConnections}) are open`;
      const error = new RpcError("resource_exhausted", limit);
      this.#emit({ type: "limit_hit", transport: "listener", peer, error });
    });
  }

  /** @throws RpcError `unavailable` when the port or path cannot be had, `invalid_argument` when it is none. */
  async listen(): Promise<Listening> {
    const { port = 0, host, path } = this.#options;
    const where = path === undefined ? { port, ...(host === undefined ? undefined : { host }) } : { path };
    try {
      this.#server.listen(where);
      await once(this.#server, "listening");
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const isArgument = code === "ERR_SOCKET_BAD_PORT" || code === "ERR_INVALID_ARG_VALUE";
      throw new RpcError(isArgument ? "invalid_argument" : "unavailable", `cannot listen: ${message}`, {
        cause,
      });
    }
    // Errors of accepting (too many open files, for one) must not end the process; the next connection is taken again.
    this.#server.on("error", (cause) => {
      const error = new RpcError("unavailable", `cannot accept a connection: ${cause.message}`, { cause });
      this.#emit({ type: "refused", transport: "listener", peer: "unknown", error });
    });
    return listeningAt(this.#server.address());
  }

  /** Takes no more connections; those that have not said what they are, are closed. */
  stop(): void {
    this.#server.close();
    for (const socket of [...this.#undecided, ...this.#handshaking.values()]) socket.destroy();
  }

  /** Resolves when all connections are closed, which is for their transports to do. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#server.listening)
        this.#server.getConnections((_, count) => (count === 0 ? resolve() : undefined));
      this.#server.once("close", () => resolve());
    });
  }

  #createTlsServer(options: TlsOptions): Server {
    const alpn = this.#transports.flatMap((transport) => transport.alpn ?? []);
    const server = createTlsServer(
      {
        ...(alpn.length > 0 ? { ALPNProtocols: alpn } : undefined),
        handshakeTimeout: this.#detectTimeoutMs,
        ...options,
      },
      (socket) => {
        this.#handshaking.delete(peerOf(socket));
        this.#detect(socket, { alpn: socket.alpnProtocol || false });
      },
    );
    server.on("connection", (socket: Socket) => {
      const peer = peerOf(socket);
      this.#handshaking.set(peer, socket);
      socket.once("close", () => this.#handshaking.delete(peer));
    });
    server.on("tlsClientError", (cause: Error, socket: TLSSocket) => {
      socket.destroy();
      this.#refused(socket, new RpcError("unavailable", `TLS handshake failed: ${cause.message}`, { cause }));
    });
    return server;
  }

  #detect(socket: Socket | TLSSocket, tls?: { readonly alpn: string | false }): void {
    let head: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      clearTimeout(timer);
      socket.off("readable", read).off("error", fail).off("close", settle);
      this.#undecided.delete(socket);
    };
    const refuse = (why: string): void => {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      this.#refused(socket, new RpcError("invalid_argument", why));
    };
    const timeoutMs = this.#detectTimeoutMs;
    const timer = setTimeout(() => {
      refuse(`${head.length} bytes in ${timeoutMs} ms say no protocol; first bytes: ${hex(head)}`);
    }, timeoutMs);
    const fail = (): void => settle();
    const read = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (!chunk) return;
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const seen = head.subarray(0, maxDetectBytes);
      const transport = chooseTransport(this.#transports, seen, tls);
      if (transport === "more") return;
      if (!transport) {
        refuse(
          `no transport of this server knows the protocol of a connection that starts with ${hex(seen)}`,
        );
        return;
      }
      settle();
      socket.unshift(head);
      this.#emit({ type: "protocol_detected", transport: transport.name, peer: peerOf(socket) });
      transport.accept(socket);
    };
    this.#undecided.add(socket);
    socket.on("readable", read).on("error", fail).on("close", settle);
    read();
  }

  #refused(socket: Socket, error: RpcError): void {
    this.#emit({ type: "refused", transport: "listener", peer: peerOf(socket), error });
  }

  #emit(event: TransportEvent): void {
    try {
      this.#onEvent?.(event);
    } catch {
      // The last to be told: there is nobody left to tell.
    }
  }
}

function peerOf(socket: Socket): string {
  return socket.remoteAddress === undefined ? "unix" : `${socket.remoteAddress}:${socket.remotePort}`;
}

function hex(bytes: Uint8Array): string {
  return bytes.length === 0 ? "none" : Buffer.from(bytes.subarray(0, maxDetectBytes)).toString("hex");
}

function listeningAt(address: AddressInfo | string | null): Listening {
  if (typeof address === "string") return { port: 0, host: "", target: `unix:${address}` };
  const { port = 0, address: host = "", family = "" } = address ?? {};
  const wildcard = host === "::" || host === "0.0.0.0";
  const reachable = wildcard ? "127.0.0.1" : family === "IPv6" ? `[${host}]` : host;
  return { port, host, target: `${reachable}:${port}` };
}
