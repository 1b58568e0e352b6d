import { AsyncResource } from "node:async_hooks";
import type { Socket } from "node:net";
import { type Address, BackOff, type Ended, RpcError } from "@slipstream/stream";
import { cannotConnect, type Dial, dial } from "@slipstream/stream/node";
import { ClientSession, mixedFraming, streamFraming } from "@slipstream/ttheader";
import type { ResolvedOptions } from "./options.ts";
import { SocketLink } from "./socket-link.ts";

/**
 * Connections outlive the call that brings them about: made in its asynchronous context, they would keep it, and everything
 * that they report would be seen in it.
 */
const outside = new AsyncResource("SlipstreamConnections");

/** What a connection is wanted for. */
export type Use = "stream" | "call";

/** Somebody who waits for a place on a connection. */
interface Waiter {
  readonly use: Use;
  take(session: ClientSession): void;
  reject(error: RpcError): void;
}

const transport = "ttheader";
/**
 * Connections made at once. What kind of server it is shows with the first reply; a thousand calls that came at once must
 * not have dialled a thousand times until then.
 */
const MAX_DIALS = 8;

/** The connections to one address, and those who wait for one. */
export class Pool {
  readonly #address: Address;
  readonly #options: ResolvedOptions;
  readonly #usesPerConnection: number;
  readonly #sessions: ClientSession[] = [];
  readonly #idleSince = new Map<ClientSession, number>();
  readonly #dials = new Set<Dial>();
  readonly #waiters = new Set<Waiter>();
  readonly #closing = new Set<Promise<void>>();
  readonly #backOff: BackOff;
  #lastError: RpcError | undefined;
  #turn = 0;
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(address: Address, options: ResolvedOptions) {
    this.#address = address;
    this.#options = options;
    this.#usesPerConnection = options.connections === "mux" ? options.session.maxStreams : 1;
    this.#backOff = new BackOff(options.minReconnectDelayMs, options.maxReconnectDelayMs);
  }

  get queuedBytes(): number {
    return this.#sessions.reduce((sum, session) => sum + session.queuedBytes, 0);
  }

  /** Nothing is open, being made or waited for, and no failure is to be remembered. */
  get isForgettable(): boolean {
    const isEmpty = this.#sessions.length === 0 && this.#dials.size === 0 && this.#waiters.size === 0;
    return isEmpty && this.#backOff.remainingMs === 0;
  }

  /** A connection with a place for one more stream or call, if there is one now. */
  find(use: Use): ClientSession | undefined {
    const sessions = this.#sessions;
    const count = sessions.length;
    if (this.#options.connections !== "mux") {
      // The one used last: the others may then grow idle and go.
      return sessions.findLast((session) => this.#hasRoom(session, use));
    }
    // Until there are as many as wanted, each new stream brings about another connection.
    const wanted = this.#options.muxConnections;
    if (count > 0 && count + this.#dials.size < wanted && this.#backOff.remainingMs === 0) this.#dial();
    // In turn over as many as wanted; the others are for when those are full, and may grow idle and go.
    const preferred = Math.min(count, wanted);
    for (let i = 0; i < preferred; i++) {
      const session = sessions[this.#turn++ % preferred] as ClientSession;
      if (this.#hasRoom(session, use)) return session;
    }
    return sessions.find((session) => this.#hasRoom(session, use));
  }

  /**
   * Gives `run` a connection with a place for one more stream or call when there is one: {@link find} had none. Rejects, or
   * throws, with a retryable error when there is none in time: nothing was sent then.
   */
  wait<T>(
    use: Use,
    run: (session: ClientSession) => T | Promise<T>,
    ended: Ended,
    timeoutMs: number,
  ): Promise<T> {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    return new Promise((resolve, reject) => {
      let stopWatching = (): void => {};
      const leave = (): void => {
        clearTimeout(timer);
        stopWatching();
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        use,
        take: (found) => {
          leave();
          try {
            resolve(run(found));
          } catch (error) {
            reject(error as Error);
          }
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        waiter.reject(this.#timedOut(timeoutMs));
        this.#dropUnwantedDials(true);
      }, timeoutMs);
      this.#waiters.add(waiter);
      stopWatching = ended.onEnd((reason) => {
        waiter.reject(reason);
        this.#dropUnwantedDials(false);
      });
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

  #hasRoom(session: ClientSession, use: Use): boolean {
    return (
      (use === "stream" ? session.canOpen : session.canCall) && session.openCount < this.#usesPerConnection
    );
  }

  #refusal(): RpcError | undefined {
    const { maxPendingOpens, onEvent } = this.#options;
    const { key } = this.#address;
    if (this.#waiters.size >= maxPendingOpens) {
      const error = new RpcError(
        "resource_exhausted",
        `${this.#waiters.size} calls wait for a connection to ${key}, maxPendingOpens is ${maxPendingOpens}`,
        { retryable: true },
      );
      onEvent({ type: "limit_hit", transport, peer: key, error });
      return error;
    }
    const { remainingMs } = this.#backOff;
    // Where there may be no more connections it waits for a place on one; else for one that is made, now if it may be.
    if (remainingMs === 0 || this.#dials.size > 0 || !this.#mayDial) return undefined;
    const why = `it failed a moment ago and is tried again in ${remainingMs} ms (${this.#lastError?.message})`;
    return cannotConnect(this.#address, why, this.#lastError);
  }

  get #mayDial(): boolean {
    return this.#dials.size + this.#sessions.length < this.#options.maxConnections;
  }

  #timedOut(timeoutMs: number): RpcError {
    const why =
      this.#dials.size > 0
        ? `no connection within connectTimeoutMs (${timeoutMs})`
        : `all ${this.#sessions.length} connections were in use for connectTimeoutMs (${timeoutMs}); maxConnections is ${this.#options.maxConnections}`;
    return cannotConnect(this.#address, why);
  }

  /** As many as those who wait may need, and no more than allowed. */
  #dialForWaiters(): void {
    let calls = 0;
    for (const { use } of this.#waiters) if (use === "call") calls++;
    // A call may be alone on its connection: what kind of server it is shows with the first reply.
    const streams = this.#waiters.size - calls;
    const wanted = Math.min(MAX_DIALS, calls + Math.ceil(streams / this.#usesPerConnection));
    while (this.#dials.size < wanted && this.#mayDial) this.#dial();
  }

  /** Nobody waits any more for what is being made; `isLate`: because it took too long. */
  #dropUnwantedDials(isLate: boolean): void {
    if (this.#waiters.size > 0 || this.#sessions.length > 0) return;
    for (const attempt of this.#dials) {
      if (!isLate) this.#dials.delete(attempt);
      attempt.socket.destroy();
    }
  }

  #dial(): void {
    outside.runInAsyncScope(() => this.#dialHere());
  }

  #dialHere(): void {
    const attempt = dial(this.#address, { ...this.#options, lendsData: true });
    this.#dials.add(attempt);
    attempt.connected.then(
      (socket) => {
        this.#dials.delete(attempt);
        this.#connected(socket);
      },
      (error: RpcError) => {
        if (this.#dials.delete(attempt)) this.#failed(error);
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
    const { pingPong } = this.#options;
    const isHeaderless = pingPong === "framed" || pingPong === "binary";
    const link = new SocketLink(socket, isHeaderless ? mixedFraming : streamFraming);
    const tls = "encrypted" in socket && { tls: socket };
    const peer = { address: key, transport, pingPong, ...tls };
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    const session: ClientSession = new ClientSession(link, peer, this.#options.session, {
      onExchangeEnded: () => this.#onExchangeEnded(session),
      onDraining: () => this.#closeIfUseless(session),
      // Its reply would come before any other.
      onCallAbandoned: () => session.close(),
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
    this.#dialForWaiters();
  }

  #failed(error: RpcError): void {
    if (this.#isClosed) return;
    this.#backOff.onFailure();
    this.#lastError = error;
    this.#options.onEvent({ type: "connect_failed", transport, peer: this.#address.key, error });
    // Those who wait for another that is being made, or for a place because there may be no more, go on waiting.
    if (this.#dials.size > 0 || this.#sessions.length >= this.#options.maxConnections) return;
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }

  #serveWaiters(session: ClientSession): void {
    for (const waiter of this.#waiters) if (this.#hasRoom(session, waiter.use)) waiter.take(session);
  }

  #onExchangeEnded(session: ClientSession): void {
    this.#closeIfUseless(session);
    if (session.isClosed) return;
    if (session.openCount === 0) this.#idleSince.set(session, performance.now());
    if (this.#waiters.size > 0) this.#serveWaiters(session);
  }

  #closeIfUseless(session: ClientSession): void {
    if (session.openCount > 0) return;
    if (session.isDraining || this.#options.connections === "short") session.close();
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
