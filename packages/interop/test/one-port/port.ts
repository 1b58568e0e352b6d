import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Client, createClient } from "@slipstream/rpc";
import { createServer, type Listening, type ListenOptions, type Server } from "@slipstream/rpc/server";
import type { ClientTransport, Implementation, TransportEvent } from "@slipstream/stream";
import { type Method, type Service, type Struct, service, struct, t } from "@slipstream/thrift";
import { http2 } from "@slipstream/transport-http2";
import { ttheader } from "@slipstream/transport-ttheader";
import { websocket } from "@slipstream/transport-websocket";
import { websocketServer } from "@slipstream/transport-websocket/server";
import { generate } from "selfsigned";

export interface Line {
  readonly text: string;
}
const Line: Struct<Line> = struct("Line", () => [t.field(1, "text", t.string)]);

export const Echo: Service<{
  ping: Method<"pingpong", string, string>;
  chat: Method<"bidi", Line, Line>;
}> = service("Echo", {}, (m) => ({
  ping: m.pingpong("Ping", [t.field(1, "text", t.string)], t.string),
  chat: m.bidi("Chat", Line, Line),
}));

export const echo: Implementation<typeof Echo> = {
  ping: async (text) => text,
  async *chat(stream) {
    for await (const line of stream) yield line;
  },
};

/** Whom clients trust, and what the server shows; absent: no TLS. */
export interface Certificate {
  readonly cert: string;
  readonly private: string;
}

/** One for 127.0.0.1. */
export function createCertificate(): Promise<Certificate> {
  return generate([{ name: "commonName", value: "localhost" }], {
    keySize: 2048,
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
}

/** Every way of ours to reach the port; `streams` says whether streams go another way than calls. */
const ways = {
  TTHeader: (tls?: { ca: string }) => ttheader({ ...(tls && { tls }) }),
  "TTHeader+Framed": (tls?: { ca: string }) => ttheader({ pingPong: "ttheader-framed", ...(tls && { tls }) }),
  Framed: (tls?: { ca: string }) => ttheader({ pingPong: "framed", ...(tls && { tls }) }),
  plain: (tls?: { ca: string }) => ttheader({ pingPong: "binary", ...(tls && { tls }) }),
  "HTTP/2": (tls?: { ca: string }) => http2({ ...(tls && { tls }) }),
  WebSocket: (tls?: { ca: string }) => websocket({ ...(tls && { node: { tls } }) }),
} as const;
export type Way = keyof typeof ways;
export const everyWay = Object.keys(ways) as Way[];

/** A server of all protocols on one port, and clients of each. */
export class Port implements AsyncDisposable {
  readonly server: Server;
  readonly listening: Listening;
  readonly events: TransportEvent[];
  readonly #certificate: Certificate | undefined;
  readonly #transports: ClientTransport[] = [];
  readonly #sockets: Socket[] = [];

  constructor(
    server: Server,
    listening: Listening,
    events: TransportEvent[],
    certificate: Certificate | undefined,
  ) {
    this.server = server;
    this.listening = listening;
    this.events = events;
    this.#certificate = certificate;
  }

  get tls(): { ca: string } | undefined {
    return this.#certificate && { ca: this.#certificate.cert };
  }

  client(way: Way): Client<typeof Echo> {
    const transport = ways[way](this.tls);
    this.#transports.push(transport);
    const scheme = this.tls === undefined ? "ws" : "wss";
    const target =
      way === "WebSocket" ? `${scheme}://127.0.0.1:${this.listening.port}` : this.listening.target;
    return createClient(Echo, { transport, target });
  }

  /** A connection of bytes. */
  async connect(): Promise<Socket> {
    const to = { port: this.listening.port, host: "127.0.0.1", noDelay: true };
    const socket = this.tls === undefined ? connectSocket(to) : connectTls({ ...to, ...this.tls });
    this.#sockets.push(socket);
    socket.on("error", () => {});
    await new Promise<void>((resolve) =>
      socket.once(this.tls === undefined ? "connect" : "secureConnect", () => resolve()),
    );
    return socket;
  }

  refusals(): string[] {
    return this.events.flatMap((event) => (event.type === "refused" ? [event.error.message] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#transports.map((transport) => transport.close()));
    await this.server.close({ graceMs: 0 });
  }
}

export async function openPort(
  { certificate, ...listen }: ListenOptions & { readonly certificate?: Certificate | undefined } = {},
  handlers: Partial<Implementation<typeof Echo>> = {},
): Promise<Port> {
  const events: TransportEvent[] = [];
  const onEvent = (event: TransportEvent): void => void events.push(event);
  const transports = [ttheader({ onEvent }), http2({ onEvent }), websocketServer({ onEvent })];
  const server = createServer({ transports, onEvent }).add(Echo, { ...echo, ...handlers });
  const listening = await server.listen({
    host: "127.0.0.1",
    ...listen,
    ...(certificate && { tls: { cert: certificate.cert, key: certificate.private } }),
  });
  return new Port(server, listening, events, certificate);
}

/** What a socket is sent, up to its end or until `enough` of it. */
export function read(socket: Socket, enough = (_text: string): boolean => false): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (enough(text)) resolve(text);
    });
    socket.once("close", () => resolve(text));
  });
}
