import type { Socket } from "node:net";
import { RpcError, type RunningTransport, type ServerHandler } from "@slipstream/stream";
import type { ResolvedOptions } from "./options.ts";
import { ServerConnection } from "./server-connection.ts";

/** The server side: a session for each connection that a listener hands over. */
export class Http2Server {
  readonly #options: ResolvedOptions;
  readonly #connections = new Set<ServerConnection>();
  readonly #closing = new Set<Promise<void>>();
  #handler: ServerHandler | undefined;
  #isDraining = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  serve(handler: ServerHandler): RunningTransport {
    if (this.#handler !== undefined) {
      throw new RpcError(
        "failed_precondition",
        "this http2 transport serves already; make one for each server",
      );
    }
    this.#handler = handler;
    return {
      addresses: [],
      drain: () => {
        this.#isDraining = true;
        for (const connection of [...this.#connections]) connection.drain();
      },
      close: async () => {
        this.#handler = undefined;
        for (const connection of [...this.#connections]) connection.close();
        await Promise.all(this.#closing);
      },
    };
  }

  accept(socket: Socket): void {
    const handler = this.#handler;
    if (handler === undefined) {
      socket.destroy();
      return;
    }
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    const connection: ServerConnection = new ServerConnection(socket, handler, this.#options, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
    if (this.#isDraining) connection.drain();
  }
}
