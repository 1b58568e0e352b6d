import type { OpenWaiter } from "@slipstream/h2";
import { ALPN } from "@slipstream/h2/node";
import { Context, runWithContext } from "@slipstream/metainfo";
import { type Address, BackOff, type Ended, RpcError } from "@slipstream/stream";
import { cannotConnect, type Dial, dial } from "@slipstream/stream/node";
import { ClientConnection, type ConnectionOwner } from "./client-connection.ts";
import type { ResolvedOptions } from "./options.ts";

/** A stream that is to be opened. Exactly one of its methods is called, once. */
export interface Opening {
  /** Opens one stream on `connection`, now. Never throws. */
  open(connection: ClientConnection): void;
  fail(error: RpcError): void;
}

/** An opening that waits for a connection, or for the server to take one more stream. */
class Waiter {
  readonly opening: Opening;
  readonly #stopWatching: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(
    opening: Opening,
    ended: Ended,
    timeoutMs: number,
    leave: (waiter: Waiter, error: RpcError) => void,
    timeout: (waiter: Waiter) => void,
  ) {
    this.opening = opening;
    this.#timer = setTimeout(() => timeout(this), timeoutMs);
    this.#stopWatching = ended.onEnd((reason) => leave(this, reason));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopWatching();
  }
}

const transport = "http2";

/** The connections to one address, and those who wait for one. */
export class Pool implements ConnectionOwner {
  readonly #address: Address;
  readonly #options: ResolvedOptions;
  /** Those that take new streams. */
  readonly #connections: ClientConnection[] = [];
  /** Those whose streams go on, and that take no new ones. */
  readonly #draining = new Set<ClientConnection>();
  readonly #dials = new Set<Dial>();
  readonly #waiters = new Set<Waiter>();
  /** Connections that are to say when they have a place. */
  readonly #turns = new Map<ClientConnection, OpenWaiter>();
  readonly #backOff: BackOff;
  readonly #closing = new Set<Promise<void>>();
  readonly #openedAtSweep = new WeakMap<ClientConnection, number>();
  #lastError: RpcError | undefined;
  #next = 0;
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(address: Address, options: ResolvedOptions) {
    this.#address = address;
    this.#options = options;
    this.#backOff = new BackOff(options.minReconnectDelayMs, options.maxReconnectDelayMs);
  }

  /** Nothing is open, being made or waited for, and nothing failed lately. */
  get isUnused(): boolean {
    return (
      this.#connections.length === 0 &&
      this.#draining.size === 0 &&
      this.#dials.size === 0 &&
      this.#waiters.size === 0 &&
      this.#backOff.remainingMs === 0
    );
  }

  /** Opens at once if it can; else when there is a connection with a place, or fails. */
  open(opening: Opening, ended: Ended, connectTimeoutMs: number): void {
    const connection = this.#waiters.size === 0 ? this.#take() : undefined;
    if (connection !== undefined) {
      connection.opened++;
      opening.open(connection);
      return;
    }
    const refusal = ended.reason ?? this.#refusal();
    if (refusal !== undefined) {
      opening.fail(refusal);
      return;
    }
    this.#waiters.add(
      new Waiter(
        opening,
        ended,
        connectTimeoutMs,
        (waiter, error) => this.#leave(waiter, error),
        (waiter) => this.#connectTimedOut(waiter, connectTimeoutMs),
      ),
    );
    if (this.#wantsConnection) this.#dial(connectTimeoutMs);
    for (const each of this.#connections) this.#awaitTurn(each);
  }

  /** Closes every connection; resolves when the sockets are closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    const error = new RpcError("unavailable", "the transport has been closed");
    for (const waiter of [...this.#waiters]) this.#leave(waiter, error);
    for (const { socket } of this.#dials) socket.destroy();
    for (const { session } of [...this.#connections, ...this.#draining]) session.destroy(0, error.message);
    await Promise.all(this.#closing);
  }

  get #wantsConnection(): boolean {
    return this.#connections.length + this.#dials.size < this.#options.connectionsPerAddress;
  }

  #take(): ClientConnection | undefined {
    const connections = this.#connections;
    const { length } = connections;
    // Until there are as many as wanted, each new stream brings about another connection.
    if (length > 0 && this.#wantsConnection) this.#dial();
    for (let i = 0; i < length; i++) {
      const connection = connections[this.#next++ % length] as ClientConnection;
      if (connection.session.canOpen()) return connection;
    }
    return undefined;
  }

  #awaitTurn(connection: ClientConnection): void {
    if (this.#turns.has(connection)) return;
    const turn: OpenWaiter = {
      onCanOpen: () => {
        this.#turns.delete(connection);
        const [waiter] = this.#waiters;
        if (waiter === undefined) return;
        this.#waiters.delete(waiter);
        waiter.stop();
        connection.opened++;
        waiter.opening.open(connection);
        if (this.#waiters.size > 0) this.#awaitTurn(connection);
      },
      // The connection itself tells of its end.
      onCannotOpen: () => this.#turns.delete(connection),
    };
    this.#turns.set(connection, turn);
    connection.session.awaitOpen(turn);
  }

  #refusal(): RpcError | undefined {
    if (this.#isClosed) return new RpcError("unavailable", "the transport has been closed");
    const { maxPendingOpens } = this.#options;
    if (this.#waiters.size >= maxPendingOpens) {
      const error = new RpcError(
        "resource_exhausted",
        `${this.#waiters.size} streams wait for a place on a connection to ${this.#address.key}, maxPendingOpens is ${maxPendingOpens}`,
        { retryable: true },
      );
      this.#options.onEvent({ type: "limit_hit", transport, peer: this.#address.key, error });
      return error;
    }
    const { remainingMs } = this.#backOff;
    if (remainingMs > 0 && this.#connections.length === 0 && this.#dials.size === 0) {
      const why = `it failed a moment ago and is tried again in ${remainingMs} ms (${this.#lastError?.message})`;
      return cannotConnect(this.#address, why, this.#lastError);
    }
    return undefined;
  }

  #leave(waiter: Waiter, error: RpcError): void {
    if (!this.#waiters.delete(waiter)) return;
    waiter.stop();
    waiter.opening.fail(error);
  }

  /** With a connection there, it is the server that has no place: how long to wait for that is the call's matter. */
  #connectTimedOut(waiter: Waiter, timeoutMs: number): void {
    if (this.#connections.length > 0) return;
    this.#leave(waiter, cannotConnect(this.#address, `no connection within connectTimeoutMs (${timeoutMs})`));
    // A dial that nobody waits for any more has taken too long.
    if (this.#waiters.size === 0) for (const { socket } of this.#dials) socket.destroy();
  }

  #dial(timeoutMs = 0): void {
    // A connection serves many calls: it must not live in the context of the one that happened to need it.
    runWithContext(Context.background, () => {
      const attempt = dial(this.#address, { tls: this.#options.tls, alpn: ALPN });
      this.#dials.add(attempt);
      const limitMs = Math.max(timeoutMs, this.#options.connectTimeoutMs);
      const timer = setTimeout(() => attempt.socket.destroy(), limitMs);
      attempt.connected.then(
        (socket) => {
          clearTimeout(timer);
          this.#dials.delete(attempt);
          if (this.#isClosed) socket.destroy();
          else this.#connected(socket);
        },
        (error: RpcError) => {
          clearTimeout(timer);
          this.#dials.delete(attempt);
          this.#connectFailed(error);
        },
      );
    });
  }

  #connected(socket: Dial["socket"]): void {
    this.#backOff.onSuccess();
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    const connection = new ClientConnection(socket, this.#address, this.#options, this);
    this.#connections.push(connection);
    this.#sweep ??= setInterval(
      () => this.#closeIdle(),
      Math.max(1, this.#options.idleTimeoutMs / 2),
    ).unref();
    this.#options.onEvent({ type: "connection_opened", transport, side: "client", peer: this.#address.key });
    if (this.#waiters.size > 0) this.#awaitTurn(connection);
  }

  #connectFailed(error: RpcError): void {
    if (this.#isClosed) return;
    this.#backOff.onFailure();
    this.#lastError = error;
    this.#options.onEvent({ type: "connect_failed", transport, peer: this.#address.key, error });
    // Others may still get one of the connections that there are or will be.
    if (this.#connections.length > 0 || this.#dials.size > 0) return;
    for (const waiter of [...this.#waiters]) this.#leave(waiter, error);
  }

  onDraining(connection: ClientConnection): void {
    if (!this.#remove(connection)) return;
    this.#draining.add(connection);
    this.#redial();
  }

  onClosed(connection: ClientConnection, cause: Error | undefined): void {
    this.#remove(connection);
    this.#draining.delete(connection);
    const error = cause && new RpcError("unavailable", `connection lost: ${cause.message}`, { cause });
    const peer = this.#address.key;
    this.#options.onEvent({
      type: "connection_closed",
      transport,
      side: "client",
      peer,
      ...(error && { error }),
    });
    this.#redial();
  }

  #remove(connection: ClientConnection): boolean {
    const at = this.#connections.indexOf(connection);
    if (at < 0) return false;
    this.#connections.splice(at, 1);
    this.#turns.delete(connection);
    if (this.#connections.length === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
    return true;
  }

  /** Those who wait get another connection. */
  #redial(): void {
    if (!this.#isClosed && this.#waiters.size > 0 && this.#wantsConnection) this.#dial();
  }

  /** Closes connections that two looks in a row found without streams. */
  #closeIdle(): void {
    for (const connection of [...this.#connections]) {
      const { session, opened } = connection;
      if (session.openStreams > 0) continue;
      if (this.#openedAtSweep.get(connection) !== opened) {
        this.#openedAtSweep.set(connection, opened);
        continue;
      }
      this.onDraining(connection);
      session.shutdown();
    }
  }
}
