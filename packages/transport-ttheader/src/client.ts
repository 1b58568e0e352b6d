import {
  type CallStart,
  type ClientByteStream,
  type OpenOptions,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import type { ClientSession } from "@slipstream/ttheader";
import type { ResolvedOptions } from "./options.ts";
import { Pool } from "./pool.ts";

/** The client side: a pool of connections for each address. */
export class TtheaderClient {
  readonly #options: ResolvedOptions;
  readonly #pools = new Map<string, Pool>();
  #isClosed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  get queuedBytes(): number {
    let bytes = 0;
    for (const pool of this.#pools.values()) bytes += pool.queuedBytes;
    return bytes;
  }

  // Not async functions: with a connection at hand the promise of the session is the only one.

  open(start: CallStart, options: OpenOptions): Promise<ClientByteStream> {
    try {
      const pool = this.#poolFor(start);
      const session = pool.find("stream");
      if (session !== undefined) return Promise.resolve(session.open(start));
      return pool.wait("stream", (found) => found.open(start), start.ended, this.#timeoutOf(options));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  call(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    const { oneway } = options;
    try {
      const pool = this.#poolFor(start);
      const session = pool.find("call");
      if (session !== undefined) return session.call(start, request, oneway);
      const run = (found: ClientSession): Promise<Reply | undefined> => found.call(start, request, oneway);
      return pool.wait("call", run, start.ended, this.#timeoutOf(options));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }

  #timeoutOf({ connectTimeoutMs = this.#options.connectTimeoutMs }: OpenOptions): number {
    return connectTimeoutMs;
  }

  #poolFor({ address, ended }: CallStart): Pool {
    if (this.#isClosed) throw new RpcError("unavailable", "the transport has been closed");
    if (ended.reason !== undefined) throw ended.reason;
    let pool = this.#pools.get(address.key);
    if (pool === undefined) {
      // Addresses come and go with discovery.
      for (const [key, other] of this.#pools) if (other.isForgettable) this.#pools.delete(key);
      pool = new Pool(address, this.#options);
      this.#pools.set(address.key, pool);
    }
    return pool;
  }
}
