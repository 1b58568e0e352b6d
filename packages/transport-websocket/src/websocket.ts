import {
  type Address,
  type CallStart,
  type ClientByteStream,
  type ClientTransport,
  type OpenOptions,
  parseAddress,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import { type SlipstreamClientSession, wholeOption } from "@slipstream/ttheader";
import { createDial, hasPing } from "#dial";
import type { ConnectionState, WebSocketOptions } from "./client-options.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { heartbeatIntervalMs, sessionOptions } from "./options.ts";

/** A client's transport over WebSocket. */
export interface WebSocketTransport extends ClientTransport {
  /**
   * How the connection to a target stands; `closed` for one that was never used.
   * @throws RpcError `invalid_argument` when it is no address.
   */
  state(target: string): ConnectionState;
  /** Bytes that wait in this transport, to be sent or to be read, on all its connections. */
  readonly queuedBytes: number;
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
    const session = sessionOptions(options, hasPing ? 0 : heartbeatIntervalMs(options));
    const minReconnectDelayMs = wholeOption(options, "minReconnectDelayMs", 200, 0);
    const maxReconnectDelayMs = wholeOption(
      options,
      "maxReconnectDelayMs",
      Math.max(minReconnectDelayMs, 10_000),
      minReconnectDelayMs,
    );
    this.#options = {
      session,
      dial: createDial(options, session),
      minReconnectDelayMs,
      maxReconnectDelayMs,
      connectTimeoutMs: wholeOption(options, "connectTimeoutMs", 10_000, 1),
      idleTimeoutMs: wholeOption(options, "idleTimeoutMs", 60_000, 1),
      maxPendingOpens: wholeOption(options, "maxPendingOpens", 1_000, 0),
      onStateChange: options.onStateChange,
      onEvent: options.onEvent,
    };
  }

  state(target: string): ConnectionState {
    return this.#connections.get(parseAddress(target).key)?.state ?? "closed";
  }

  get queuedBytes(): number {
    let bytes = 0;
    for (const connection of this.#connections.values()) bytes += connection.queuedBytes;
    return bytes;
  }

  open(start: CallStart, options: OpenOptions = {}): Promise<ClientByteStream> {
    return this.#use(start, options, (session) => session.open(start));
  }

  call(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    return this.#use(start, options, (session) => session.call(start, request, options.oneway));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Not async: with a connection at hand the promise of the session is the only one. */
  #use<T>(
    start: CallStart,
    { connectTimeoutMs = this.#options.connectTimeoutMs }: OpenOptions,
    run: (session: SlipstreamClientSession) => T | Promise<T>,
  ): Promise<T> {
    try {
      if (this.#isClosed) throw new RpcError("unavailable", "the transport has been closed");
      if (start.ended.reason) throw start.ended.reason;
      const connection = this.#connection(start.address);
      const { session } = connection;
      return session
        ? Promise.resolve(run(session))
        : this.#wait(connection, start, connectTimeoutMs).then(run);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async #wait(connection: Connection, start: CallStart, timeoutMs: number): Promise<SlipstreamClientSession> {
    for (;;) {
      const session = await connection.wait(start, timeoutMs);
      // While the promise of `wait` settled, the place may have gone.
      if (session.canOpen) return session;
    }
  }

  #connection(address: Address): Connection {
    let connection = this.#connections.get(address.key);
    if (!connection) {
      // Addresses come and go with discovery; those that nothing uses are forgotten.
      for (const [key, other] of this.#connections) if (other.isUnused) this.#connections.delete(key);
      connection = new Connection(address, this.#options);
      this.#connections.set(address.key, connection);
    }
    return connection;
  }
}
