import {
  type Address,
  type CallStart,
  type ClientByteStream,
  type OpenOptions,
  RpcError,
} from "@slipstream/stream";
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

  async open(start: CallStart, { connectTimeoutMs }: OpenOptions): Promise<ClientByteStream> {
    if (this.#isClosed) throw new RpcError("unavailable", "the transport has been closed");
    if (start.ended.reason !== undefined) throw start.ended.reason;
    const pool = this.#pool(start.address);
    for (;;) {
      const session =
        pool.take() ?? (await pool.wait(start, connectTimeoutMs ?? this.#options.connectTimeoutMs));
      // While the promise of `wait` settled, the place may have gone.
      if (session.canOpen) return session.open(start);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }

  #pool(address: Address): Pool {
    let pool = this.#pools.get(address.key);
    if (pool === undefined) {
      // Addresses come and go with discovery; those that nothing uses are forgotten.
      for (const [key, other] of this.#pools)
        if (other.isEmpty && !other.isBackingOff) this.#pools.delete(key);
      pool = new Pool(address, this.#options);
      this.#pools.set(address.key, pool);
    }
    return pool;
  }
}
