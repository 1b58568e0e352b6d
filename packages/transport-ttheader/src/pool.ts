import type { Socket } from "node:net";
import { type Address, type CallStart, RpcError } from "@slipstream/stream";
import { ClientSession } from "@slipstream/ttheader";
import { BackOff } from "./back-off.ts";
import { cannotConnect, type Dial, dial } from "./connect.ts";
import type { ResolvedOptions } from "./options.ts";
import { SocketLink } from "./socket-link.ts";

/** Somebody who waits for a place on a connection. */
interface Waiter {
  resolve(session: ClientSession): void;
  reject(error: RpcError): void;
}

const transport = "ttheader";

/** The connections to one address, and those who wait for one. */
export class Pool {
  readonly #address: Address;
  readonly #options: ResolvedOptions;
  readonly #streamsPerConnection: number;
  readonly #sessions: ClientSession[] = [];
  readonly #dials = new Set<Dial>();
  readonly #waiters = new Set<Waiter>();
  readonly #idleSince = new Map<ClientSession, number>();
  readonly #backOff: BackOff;
  readonly #closing = new Set<Promise<void>>();
  #lastError: RpcError | undefined;
  #turn = 0;
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(address: Address, options: ResolvedOptions) {
    this.#address = address;
    this.#options = options;
    this.#streamsPerConnection = options.connections === "mux" ? options.session.maxStreams : 1;
    this.#backOff = new BackOff(options.minReconnectDelayMs, options.maxReconnectDelayMs);
  }

  /** Nothing is open, being made or waited for. */
  get isEmpty(): boolean {
    return this.#sessions.length === 0 && this.#dials.size === 0 && this.#waiters.size === 0;
  }

  /** It failed lately, and knows when to try again. */
  get isBackingOff(): boolean {
    return this.#backOff.remainingMs > 0;
  }

  /** A connection with a place for one more stream, if there is one now. */
  take(): ClientSession | undefined {
    const sessions = this.#sessions;
    const count = sessions.length;
    if (this.#options.connections !== "mux") {
      // The one used last: the others may then grow idle and go.
      for (let at = count - 1; at >= 0; at--) if (this.#hasRoom(sessions[at])) return sessions[at];
      return undefined;
    }
    // Until there are as many as wanted, each new stream brings about another connection.
    if (count + this.#dials.size < this.#options.muxConnections && count > 0) this.#dial();
    for (let i = 0; i < count; i++) {
      const session = sessions[this.#turn++ % count];
      if (this.#hasRoom(session)) return session;
    }
    return undefined;
  }

  /** Waits for a place, for a connection to be made if need be. Rejects with a retryable error when there is none in time. */
  wait(start: CallStart, timeoutMs: number): Promise<ClientSession> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        stopWatching();
        this.#waiters.delete(waiter);
        this.#cancelUnwantedDials();
      };
      const waiter: Waiter = {
        resolve: (session) => {
          leave();
          resolve(session);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.reject(this.#timedOut(timeoutMs)), timeoutMs);
      let stopWatching = (): void => {};
      this.#waiters.add(waiter);
      stopWatching = start.ended.onEnd((reason) => waiter.reject(reason));
      this.#dialForWaiters();
    });
  }

  /** Closes every connection; resolves when the sockets are closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    const error = new RpcError("unavailable", "the transport has been closed");
    for (const waiter of [...this.#waiters]) waiter.reject(error);
    for (const { socket } of this.#dials) socket.destroy();
    for (const session of [...this.#sessions]) session.close();
    await Promise.all(this.#closing);
  }

  #hasRoom(session: ClientSession | undefined): session is ClientSession {
    return session !== undefined && session.canOpen && session.openCount < this.#streamsPerConnection;
  }

  #refusal(): RpcError | undefined {
    const { maxPendingOpens } = this.#options;
    if (this.#waiters.size >= maxPendingOpens) {
      const error = new RpcError(
        "resource_exhausted",
        `${this.#waiters.size} streams wait for a connection to ${this.#address.key}, maxPendingOpens is ${maxPendingOpens}`,
        { retryable: true },
      );
      this.#options.onEvent({ type: "limit_hit", transport, peer: this.#address.key, error });
      return error;
    }
    const { remainingMs } = this.#backOff;
    if (remainingMs > 0 && this.#sessions.length === 0 && this.#dials.size === 0) {
      return cannotConnect(
        this.#address,
        `it failed a moment ago and is tried again in ${remainingMs} ms (${this.#lastError?.message})`,
        this.#lastError,
      );
    }
    return undefined;
  }

  #timedOut(timeoutMs: number): RpcError {
    const open = this.#sessions.length;
    const why =
      this.#dials.size > 0
        ? `no connection within connectTimeoutMs (${timeoutMs})`
        : `all ${open} connections were in use for connectTimeoutMs (${timeoutMs}); maxConnections is ${this.#options.maxConnections}`;
    return cannotConnect(this.#address, why);
  }

  /** As many as those who wait need, and no more than allowed. */
  #dialForWaiters(): void {
    const wanted = Math.ceil(this.#waiters.size / this.#streamsPerConnection);
    while (
      this.#dials.size < wanted &&
      this.#dials.size + this.#sessions.length < this.#options.maxConnections
    ) {
      this.#dial();
    }
  }

  /** A dial that nobody waits for any more has taken too long. */
  #cancelUnwantedDials(): void {
    if (this.#waiters.size > 0 || this.#sessions.length > 0) return;
    for (const { socket } of this.#dials) socket.destroy();
  }

  #dial(): void {
    const attempt = dial(this.#address, this.#options);
    this.#dials.add(attempt);
    attempt.connected.then(
      (socket) => {
        this.#dials.delete(attempt);
        this.#connected(socket);
      },
      (error: RpcError) => {
        this.#dials.delete(attempt);
        this.#failed(error);
      },
    );
  }

  #connected(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    this.#backOff.onSuccess();
    const { key } = this.#address;
    const link = new SocketLink(socket);
    const peer = { address: key, transport, ...("encrypted" in socket && { tls: socket }) };
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    const session: ClientSession = new ClientSession(link, peer, this.#options.session, {
      onExchangeEnded: () => this.#onExchangeEnded(session),
      onDraining: () => this.#closeIfDrained(session),
      onEnded: (error) => this.#onEnded(session, error),
    });
    this.#sessions.push(session);
    this.#idleSince.set(session, performance.now());
    this.#sweep ??= setInterval(
      () => this.#closeIdle(),
      Math.max(1, this.#options.idleTimeoutMs / 2),
    ).unref();
    this.#options.onEvent({ type: "connection_opened", transport, side: "client", peer: key });
    link.start(session);
    this.#serveWaiters(session);
  }

  #failed(error: RpcError): void {
    if (this.#isClosed) return;
    this.#backOff.onFailure();
    this.#lastError = error;
    this.#options.onEvent({ type: "connect_failed", transport, peer: this.#address.key, error });
    // Others may still get one of the connections that there are or will be.
    if (this.#sessions.length > 0 || this.#dials.size > 0) return;
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }

  #serveWaiters(session: ClientSession): void {
    // The stream is opened in a later microtask, so places given away are counted here.
    let room = this.#streamsPerConnection - session.openCount;
    for (const waiter of this.#waiters) {
      if (room-- <= 0 || !session.canOpen) return;
      waiter.resolve(session);
    }
  }

  #onExchangeEnded(session: ClientSession): void {
    if (session.openCount === 0) {
      if (session.isDraining || this.#options.connections === "short") {
        session.close();
        return;
      }
      this.#idleSince.set(session, performance.now());
    }
    if (this.#waiters.size > 0) this.#serveWaiters(session);
  }

  #closeIfDrained(session: ClientSession): void {
    if (session.openCount === 0) session.close();
  }

  #onEnded(session: ClientSession, error: RpcError | undefined): void {
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    this.#idleSince.delete(session);
    this.#options.onEvent({
      type: "connection_closed",
      transport,
      side: "client",
      peer: this.#address.key,
      ...(error && { error }),
    });
    if (this.#sessions.length === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
    if (!this.#isClosed && this.#waiters.size > 0) this.#dialForWaiters();
  }

  #closeIdle(): void {
    const before = performance.now() - this.#options.idleTimeoutMs;
    for (const session of [...this.#sessions]) {
      if (session.openCount === 0 && (this.#idleSince.get(session) ?? 0) <= before) session.close();
    }
  }
}
