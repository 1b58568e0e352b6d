import { Context, runWithContext } from "@slipstream/metainfo";
import {
  type Address,
  BackOff,
  type CallStart,
  type OnEvent,
  RpcError,
  type TransportEvent,
} from "@slipstream/stream";
import type { ResolvedSessionOptions, SlipstreamClientSession } from "@slipstream/ttheader";
import { ClientSession } from "#dial";
import type { ConnectionState, StateChange } from "./client-options.ts";
import type { Dial, StartableLink } from "./dial.ts";
import { setBackgroundTimer, type Timer } from "./platform.ts";
import { transportName } from "./subprotocol.ts";

export interface ConnectionOptions {
  readonly session: ResolvedSessionOptions;
  readonly dial: Dial;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly minReconnectDelayMs: number;
  readonly maxReconnectDelayMs: number;
  readonly maxPendingOpens: number;
  readonly onStateChange: ((change: StateChange) => void) | undefined;
  readonly onEvent: OnEvent | undefined;
}

/** A call that waits for a place on a session, and is told of one, or why there is none. */
type Waiter = (found: SlipstreamClientSession | RpcError) => void;

/** The one connection to an address: made when a call needs it, and made again for new calls when it was lost. */
export class Connection {
  readonly #address: Address;
  readonly #options: ConnectionOptions;
  readonly #backOff: BackOff;
  readonly #waiters = new Set<Waiter>();
  /** Takes new calls. Those that are draining live on by themselves. */
  #session: SlipstreamClientSession | undefined;
  readonly #sessions = new Set<SlipstreamClientSession>();
  readonly #closing = new Set<Promise<void>>();
  /** Gives up the attempt to connect, while there is one. */
  #stopDialing: (() => void) | undefined;
  #retry: Timer | undefined;
  #idle: Timer | undefined;
  #idleSince = 0;
  #state: ConnectionState = "closed";

  constructor(address: Address, options: ConnectionOptions) {
    this.#address = address;
    this.#options = options;
    this.#backOff = new BackOff(options.minReconnectDelayMs, options.maxReconnectDelayMs);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Nothing would be lost if it were forgotten. */
  get isUnused(): boolean {
    return this.#state === "closed" && this.#sessions.size === 0;
  }

  get queuedBytes(): number {
    let bytes = 0;
    for (const session of this.#sessions) bytes += session.queuedBytes;
    return bytes;
  }

  /** The session, when there is one that takes a call now. */
  get session(): SlipstreamClientSession | undefined {
    return this.#session?.canOpen ? this.#session : undefined;
  }

  /** Waits for a session that takes a call. Rejects with a retryable `unavailable` when there is none in time. */
  wait(start: CallStart, timeoutMs: number): Promise<SlipstreamClientSession> {
    const { maxPendingOpens } = this.#options;
    if (this.#waiters.size >= maxPendingOpens) {
      const text = `${this.#waiters.size} calls wait for a connection to ${this.#address.key}, maxPendingOpens is ${maxPendingOpens}`;
      const error = new RpcError("resource_exhausted", text, { retryable: true });
      this.#emit({ type: "limit_hit", transport: transportName, peer: this.#address.key, error });
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = (found) => {
        clearTimeout(timer);
        stopWatching();
        this.#waiters.delete(waiter);
        if (found instanceof RpcError) reject(found);
        else resolve(found);
      };
      const timer = setTimeout(() => waiter(this.#timedOut(timeoutMs)), timeoutMs);
      let stopWatching = (): void => {};
      this.#waiters.add(waiter);
      stopWatching = start.ended.onEnd(waiter);
      // A connection belongs to no call, so it must not see the context of the one that made it.
      runWithContext(Context.background, () => this.#connect(timeoutMs));
    });
  }

  /** Closes what there is; resolves when the sockets are closed. */
  async close(): Promise<void> {
    const error = new RpcError("unavailable", "the transport has been closed");
    for (const waiter of [...this.#waiters]) waiter(error);
    this.#stopDialing?.();
    clearTimeout(this.#retry);
    for (const session of [...this.#sessions]) session.close();
    this.#setState("closed");
    await Promise.all(this.#closing);
  }

  /** Makes a connection, unless there is one, or one is on its way. */
  #connect(timeoutMs: number): void {
    if (this.#stopDialing !== undefined || this.#retry !== undefined || this.#session !== undefined) return;
    this.#setState("connecting");
    const { dial, session, connectTimeoutMs } = this.#options;
    // The attempt goes on without the call that began it: the next one is likely to want it.
    const limitMs = Math.max(timeoutMs, connectTimeoutMs);
    const limit = setTimeout(() => {
      this.#stopDialing?.();
      this.#failed(new Error(`no connection within connectTimeoutMs (${limitMs})`));
    }, limitMs);
    const settle = (): void => {
      clearTimeout(limit);
      this.#stopDialing = undefined;
    };
    try {
      const abort = dial(this.#address.key, {
        onOpen: (link) => {
          settle();
          this.#connected(link, session);
        },
        onFailed: (error) => {
          settle();
          this.#failed(error);
        },
      });
      this.#stopDialing = () => {
        settle();
        abort();
      };
    } catch (thrown) {
      // A page served over https: may not use ws:, for one.
      settle();
      this.#failed(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #connected(link: StartableLink, options: ResolvedSessionOptions): void {
    this.#backOff.onSuccess();
    const { key } = this.#address;
    this.#closing.add(link.closed);
    void link.closed.then(() => this.#closing.delete(link.closed));
    const peer = { address: key, transport: transportName, isSlipstream: true };
    const session: SlipstreamClientSession = new ClientSession(link, peer, options, {
      onExchangeEnded: () => this.#exchangeEnded(session),
      onDraining: () => this.#draining(session),
      onEnded: (error) => this.#ended(session, error),
    });
    this.#session = session;
    this.#sessions.add(session);
    this.#setState("open");
    this.#emit({ type: "connection_opened", transport: transportName, side: "client", peer: key });
    this.#idleSince = performance.now();
    this.#watchIdle(session, this.#options.idleTimeoutMs);
    link.start(session);
    this.#serveWaiters(session);
  }

  #failed(cause: Error): void {
    this.#backOff.onFailure();
    const error = this.#unreachable(cause.message, cause);
    this.#emit({ type: "connect_failed", transport: transportName, peer: this.#address.key, error });
    const retryInMs = this.#backOff.remainingMs;
    this.#retry = setBackgroundTimer(() => {
      this.#retry = undefined;
      if (this.#waiters.size > 0) this.#connect(0);
      else this.#setState("closed");
    }, retryInMs);
    this.#setState("waiting", { error, retryInMs });
    for (const waiter of [...this.#waiters]) waiter(this.#unreachable(cause.message, cause));
  }

  #ended(session: SlipstreamClientSession, error: RpcError | undefined): void {
    this.#sessions.delete(session);
    this.#emit({
      type: "connection_closed",
      transport: transportName,
      side: "client",
      peer: this.#address.key,
      ...(error && { error }),
    });
    if (this.#session === session) this.#leave(error);
  }

  #draining(session: SlipstreamClientSession): void {
    if (this.#session === session) this.#leave(undefined);
    if (session.openCount === 0) session.close();
  }

  /** The session takes no new calls. */
  #leave(error: RpcError | undefined): void {
    this.#session = undefined;
    clearTimeout(this.#idle);
    this.#setState("closed", error && { error });
    if (this.#waiters.size > 0) this.#connect(0);
  }

  #exchangeEnded(session: SlipstreamClientSession): void {
    if (session.openCount === 0) {
      if (session.isDraining) {
        session.close();
        return;
      }
      this.#idleSince = performance.now();
    }
    if (this.#waiters.size > 0 && this.#session === session) this.#serveWaiters(session);
  }

  #serveWaiters(session: SlipstreamClientSession): void {
    // A waiter opens its stream in a later microtask, so places given away are counted here.
    let room = this.#options.session.maxStreams - session.openCount;
    for (const waiter of [...this.#waiters]) {
      if (room-- <= 0 || !session.canOpen) return;
      waiter(session);
    }
  }

  /** One timer for all calls: it looks when the last one ended. */
  #watchIdle(session: SlipstreamClientSession, delayMs: number): void {
    this.#idle = setBackgroundTimer(() => {
      const { idleTimeoutMs } = this.#options;
      const leftMs =
        session.openCount > 0 ? idleTimeoutMs : this.#idleSince + idleTimeoutMs - performance.now();
      if (leftMs <= 0) session.close();
      else this.#watchIdle(session, Math.ceil(leftMs));
    }, delayMs);
  }

  #setState(state: ConnectionState, more?: Pick<StateChange, "error" | "retryInMs">): void {
    if (state === this.#state) return;
    this.#state = state;
    try {
      this.#options.onStateChange?.({ address: this.#address.key, state, ...more });
    } catch (thrown) {
      this.#emit({ type: "hook_failed", hook: "onStateChange", error: thrown });
    }
  }

  #emit(event: TransportEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // The last to be told: there is nobody left to tell.
    }
  }

  #timedOut(timeoutMs: number): RpcError {
    return this.#unreachable(
      this.#session === undefined
        ? `no connection within connectTimeoutMs (${timeoutMs})`
        : `all maxStreams (${this.#options.session.maxStreams}) places were in use for connectTimeoutMs (${timeoutMs})`,
    );
  }

  #unreachable(why: string, cause?: unknown): RpcError {
    return new RpcError("unavailable", `cannot connect to ${this.#address.key}: ${why}`, {
      cause,
      retryable: true,
    });
  }
}
