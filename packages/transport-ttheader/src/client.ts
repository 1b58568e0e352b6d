import {
  type CallStart,
  type ClientByteStream,
  type OpenOptions,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import type { ClientSession } from "@slipstream/ttheader";
import type { ResolvedOptions } from "./options.ts";
import { Pool, type Use } from "./pool.ts";

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

  async open(start: CallStart, options: OpenOptions): Promise<ClientByteStream> {
    return this.#use("stream", start, options, (session) => session.open(start));
  }

  async call(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    return this.#use("call", start, options, (session) => session.call(start, request, options.oneway));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }

  #use<T>(
    use: Use,
    start: CallStart,
    { connectTimeoutMs = this.#options.connectTimeoutMs }: OpenOptions,
    run: (session: ClientSession) => T,
  ): T | Promise<T> {
    if (this.#isClosed) throw new RpcError("unavailable", "the transport has been closed");
    if (start.ended.reason !== undefined) throw start.ended.reason;
    return this.#pool(start).use(use, run, start.ended, connectTimeoutMs);
  }

  #pool({ address }: CallStart): Pool {
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
