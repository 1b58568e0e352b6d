import { Context, runWithContext } from "@slipstream/metainfo";
import {
  type Address,
  type CallStart,
  type ClientByteStream,
  type ClientTransport,
  type OpenOptions,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import type { ClientSession } from "@slipstream/ttheader";
import { hasPing } from "#dial";
import type { ConnectionState, WebSocketOptions } from "./client-options.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { sessionOptions, wholeNumber } from "./options.ts";

/** A client's transport over WebSocket. */
export interface WebSocketTransport extends ClientTransport {
  /** How the connection to an address stands; `closed` for one that was never used. */
  state(address: string): ConnectionState;
}

/**
 * Streams and calls over WebSocket, in browsers with the native one, on Node with `ws`. Targets are `ws://…` and
 * `wss://…`. All calls to an address share one connection; it is made by the first call, and made again, after a back-off
 * that grows, for new calls when it was lost. Calls that were open then fail with `unavailable`.
 *
 * @throws RpcError `invalid_argument` for an option outside its range.
 *
 * @example
 * const transport = websocket({ onStateChange: ({ state }) => showState(state) });
 * const client = createClient(Chat, { transport, target: "wss://example.com/rpc" });
 */
export function websocket(options: WebSocketOptions = {}): WebSocketTransport {
  return new WebSocketClient(options);
}

class WebSocketClient implements WebSocketTransport {
  readonly name = "websocket";
  readonly schemes = ["ws", "wss"] as const;
  readonly #options: ConnectionOptions;
  readonly #connections = new Map<string, Connection>();
  #isClosed = false;

  constructor(options: WebSocketOptions) {
    const heartbeatIntervalMs = wholeNumber("heartbeatIntervalMs", options.heartbeatIntervalMs, 30_000, 0);
    this.#options = {
      session: sessionOptions(options, hasPing ? 0 : heartbeatIntervalMs),
      pingIntervalMs: hasPing ? heartbeatIntervalMs : 0,
      connectTimeoutMs: wholeNumber("connectTimeoutMs", options.connectTimeoutMs, 10_000, 1),
      idleTimeoutMs: wholeNumber("idleTimeoutMs", options.idleTimeoutMs, 60_000, 1),
      minReconnectDelayMs: wholeNumber("minReconnectDelayMs", options.minReconnectDelayMs, 200, 0),
      maxReconnectDelayMs: wholeNumber("maxReconnectDelayMs", options.maxReconnectDelayMs, 10_000, 0),
      maxPendingOpens: wholeNumber("maxPendingOpens", options.maxPendingOpens, 1_000, 0),
      node: options.node ?? {},
      onStateChange: options.onStateChange,
      onEvent: options.onEvent,
    };
  }

  state(address: string): ConnectionState {
    return this.#connections.get(address)?.state ?? "closed";
  }

  async open(start: CallStart, options: OpenOptions = {}): Promise<ClientByteStream> {
    return (await this.#session(start, options)).open(start);
  }

  async call(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    return (await this.#session(start, options)).call(start, request, options.oneway);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #session(start: CallStart, { connectTimeoutMs }: OpenOptions): Promise<ClientSession> {
    if (this.#isClosed) throw new RpcError("unavailable", "the transport has been closed");
    if (start.ended.reason) throw start.ended.reason;
    const connection = this.#connection(start.address);
    for (;;) {
      // A connection belongs to no call, so it must not see the context of the one that made it.
      const session =
        connection.session ??
        (await runWithContext(Context.background, () =>
          connection.wait(start, connectTimeoutMs ?? this.#options.connectTimeoutMs),
        ));
      // While the promise of `wait` settled, the place may have gone.
      if (session.canOpen) return session;
    }
  }

  #connection(address: Address): Connection {
    let connection = this.#connections.get(address.key);
    if (!connection) {
      connection = new Connection(address, this.#options);
      this.#connections.set(address.key, connection);
    }
    return connection;
  }
}
