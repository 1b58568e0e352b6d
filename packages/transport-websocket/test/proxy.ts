import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Between a client and a server: it can stop passing anything on while both connections stay, as a broken network does. */
export class Proxy implements AsyncDisposable {
  /** How often bytes were passed on, either way. */
  chunks = 0;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  #isFrozen = false;

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  static async to(port: number): Promise<Proxy> {
    const listener = createServer((client) => proxy.#pass(client, connect(port, "127.0.0.1")));
    const proxy = new Proxy(listener);
    await once(listener.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  get target(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  /** Cuts all connections off without a word of WebSocket. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#listener.close();
  }

  #pass(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from
        .on("data", (bytes) => {
          if (this.#isFrozen) return;
          this.chunks++;
          to.write(bytes);
        })
        .on("error", () => {})
        .on("close", () => {
          this.#sockets.delete(from);
          if (!this.#isFrozen) to.destroy();
        });
    }
  }
}
