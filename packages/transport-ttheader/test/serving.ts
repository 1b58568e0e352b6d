import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import {
  type Address,
  type CallStart,
  neverEnded,
  noFields,
  parseAddress,
  type Reply,
  RpcError,
  type RunningTransport,
  type ServerByteCall,
  type ServerByteStream,
  type ServerHandler,
  type ServerStart,
  type TransportEvent,
} from "@slipstream/stream";
import { type TtheaderOptions, type TtheaderTransport, ttheader } from "../src/index.ts";

/** A listener with a transport of ours behind it. */
export class Serving implements AsyncDisposable {
  readonly transport: TtheaderTransport;
  readonly events: TransportEvent[];
  readonly sockets: Socket[] = [];
  readonly #running: RunningTransport;
  readonly #listener: Server;
  #lastAddress: ReturnType<Server["address"]> = null;

  constructor(
    transport: TtheaderTransport,
    events: TransportEvent[],
    running: RunningTransport,
    listener: Server,
  ) {
    this.transport = transport;
    this.events = events;
    this.#running = running;
    this.#listener = listener;
    listener.on("connection", (socket: Socket) => this.sockets.push(socket));
  }

  get address(): Address {
    const at = this.#listener.address() ?? this.#lastAddress;
    this.#lastAddress = at;
    return parseAddress(typeof at === "string" ? `unix:${at}` : `127.0.0.1:${at?.port}`);
  }

  drain(): void {
    this.#running.drain();
  }

  /** Takes no more connections. */
  stopListening(): void {
    this.#listener.close();
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#running.close();
    for (const socket of this.sockets) socket.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export interface ServeOptions extends TtheaderOptions {
  readonly listenTls?: TlsOptions;
  readonly path?: string;
  readonly port?: number;
}

/** Serves streams with `onStream`, and calls with `onCall`, by default an echo. */
export async function serve(
  handler: Partial<ServerHandler> = {},
  { listenTls, path, port = 0, ...options }: ServeOptions = {},
): Promise<Serving> {
  const events: TransportEvent[] = [];
  const transport = ttheader({ ...options, onEvent: (event) => events.push(event) });
  const running = await transport.serve({
    stream: (stream) => void echo(stream),
    call: echoCall,
    ...handler,
  });
  const accept = (socket: Socket): void => transport.accept(socket);
  const listener = listenTls === undefined ? createServer(accept) : createTlsServer(listenTls, accept);
  // A client that gives up in the handshake is no fault of the server.
  listener.on("tlsClientError", () => {});
  const serving = new Serving(transport, events, running, listener);
  await new Promise<void>((resolve) =>
    listener.listen(path === undefined ? { port, host: "127.0.0.1" } : { path }, resolve),
  );
  return serving;
}

export async function echo(stream: ServerByteStream): Promise<void> {
  try {
    for (let message = await stream.recv(); message !== undefined; message = await stream.recv()) {
      await stream.send(message);
    }
    stream.end({ trailer: noFields });
  } catch (error) {
    stream.end({ error: RpcError.from(error), trailer: noFields });
  }
}

function echoCall(call: ServerByteCall): void {
  const outcome = { message: call.request };
  call.reply({ outcome, header: noFields, trailer: noFields, backward: new Map() });
}

/** Serves calls by what `answer` gives. */
export function answering(
  answer: (start: ServerStart, request: Uint8Array) => Promise<Reply | undefined>,
): ServerHandler["call"] {
  return (call) => void answer(call.start, call.request).then((reply) => call.reply(reply));
}

/** The start of a call to `address`. */
export function callStart(address: Address, init: Partial<CallStart> = {}): CallStart {
  return {
    service: "Lab",
    method: "Chat",
    contentSubtype: "thrift",
    persistent: new Map(),
    transient: new Map(),
    metadata: noFields,
    ended: neverEnded,
    address,
    ...init,
  };
}

export async function failure(work: Promise<unknown> | (() => unknown)): Promise<RpcError> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error as RpcError;
  }
  throw new Error("an error was expected");
}

/** Resolves when `condition` holds; the test's own time limit ends the waiting. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
