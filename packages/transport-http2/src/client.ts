import {
  type Address,
  type CallStart,
  type ClientByteStream,
  type OpenOptions,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import { ClientStream } from "./client-stream.ts";
import type { ResolvedOptions } from "./options.ts";
import { type Opening, Pool } from "./pool.ts";
import { UnaryCall } from "./unary-call.ts";

/** The client side: a pool of connections for each address. */
export class Http2Client {
  readonly #options: ResolvedOptions;
  readonly #pools = new Map<string, Pool>();
  #isClosed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  open(start: CallStart, options: OpenOptions): Promise<ClientByteStream> {
    return new Promise((resolve, reject) => {
      this.#open(new ClientStream(start, resolve, reject, this.#options), start, options);
    });
  }

  call(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    const call = new UnaryCall(start, request, options.oneway, this.#options);
    this.#open(call, start, options);
    return call.reply;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }

  #open(opening: Opening, { ended, address }: CallStart, { connectTimeoutMs }: OpenOptions): void {
    if (ended.reason !== undefined) opening.fail(ended.reason);
    else if (this.#isClosed) opening.fail(new RpcError("unavailable", "the transport has been closed"));
    else this.#pool(address).open(opening, ended, connectTimeoutMs ?? this.#options.connectTimeoutMs);
  }

  #pool(address: Address): Pool {
    let pool = this.#pools.get(address.key);
    if (pool === undefined) {
      // Addresses come and go with discovery; those that nothing uses are forgotten.
      for (const [key, other] of this.#pools) if (other.isUnused) this.#pools.delete(key);
      pool = new Pool(address, this.#options);
      this.#pools.set(address.key, pool);
    }
    return pool;
  }
}
