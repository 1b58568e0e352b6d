import {
  type Address,
  type CallStart,
  type OnEvent,
  RpcError,
  type TransportEvent,
} from "@slipstream/stream";
import { ClientSession, type ResolvedSessionOptions } from "@slipstream/ttheader";
import { dial } from "#dial";
import { BackOff } from "./back-off.ts";
import type { ConnectionState, StateChange } from "./client-options.ts";
import type { Dial, NodeOptions, StartableLink } from "./dial.ts";
import { clearTimer, setTimer, type Timer } from "./platform.ts";
import { transportName } from "./subprotocol.ts";

export interface ConnectionOptions {
  readonly session: ResolvedSessionOptions;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly minReconnectDelayMs: number;
  readonly maxReconnectDelayMs: number;
  readonly maxPendingOpens: number;
  /** Where the platform has ping frames. */
  readonly pingIntervalMs: number;
  readonly node: NodeOptions;
  readonly onStateChange: ((change: StateChange) => void) | undefined;
  readonly onEvent: OnEvent | undefined;
}

interface Waiter {
  resolve(session: ClientSession): void;
  reject(error: RpcError): void;
}

/** The one connection to an address: made when a call needs it, and made again for new calls when it was lost. */
export class Connection {
  readonly #address: Address;
  readonly #options: ConnectionOptions;
  readonly #backOff: BackOff;
  readonly #waiters = new Set<Waiter>();
  /** Takes new calls. Those that are draining live on by themselves. */
  #session: ClientSession | undefined;
  readonly #sessions = new Set<ClientSession>();
  #dial: Dial | undefined;
  #retry: Timer | undefined;
  #idle: Timer | undefined;
  #state: ConnectionState = "closed";
  #isClosed = false;

  constructor(address: Address, options: ConnectionOptions) {
    this.#address = address;
    this.#options = options;
    this.#backOff = new BackOff(options.minReconnectDelayMs, options.maxReconnectDelayMs);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The session, when there is one that takes a call now. */
  get session(): ClientSession | undefined {
    return this.#session?.canOpen ? this.#session : undefined;
  }

  /** Waits for a session that takes a call. Rejects with a retryable `unavailable` when there is none in time. */
  wait(start: CallStart, timeoutMs: number): Promise<ClientSession> {
    if (this.#waiters.size >= this.#options.maxPendingOpens) {
      const limit = `maxPendingOpens (${this.#options.maxPendingOpens}) calls wait for ${this.#address.key}`;
      const error = new RpcError("resource_exhausted", limit, { retryable: true });
      this.#emit({ type: "limit_hit", transport: transportName, peer: this.#address.key, error });
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimer(timer);
        stopWatching();
        this.#waiters.delete(waiter);
        if (this.#waiters.size === 0) this.#stopConnecting();
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
      const timer = setTimer(
        () => waiter.reject(this.#unreachable(`no connection within connectTimeoutMs (${timeoutMs})`)),
        timeoutMs,
      );
      let stopWatching = (): void => {};
      this.#waiters.add(waiter);
      this.#connect();
      stopWatching = start.ended.onEnd((reason) => waiter.reject(reason));
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const waiter of [...this.#waiters])
      waiter.reject(new RpcError("unavailable", "the transport has been closed"));
    this.#stopConnecting();
    for (const session of [...this.#sessions]) session.close();
  }

  #connect(): void {
    if (this.#dial || this.#retry !== undefined || this.#session?.canOpen) return;
    // A session that is full has room again when one of its calls ends.
    if (this.#session && !this.#session.isDraining) return;
    const delayMs = this.#backOff.remainingMs;
    if (delayMs > 0) {
      this.#setState("waiting");
      this.#retry = setTimer(() => {
        this.#retry = undefined;
        this.#connect();
      }, delayMs);
      return;
    }
    this.#setState("connecting");
    const { session, pingIntervalMs, node } = this.#options;
    let attempt: Dial;
    try {
      attempt = dial({
        url: this.#address.key,
        maxFrameBytes: session.limits.maxFrameLength + 4,
        node,
        heartbeatIntervalMs: pingIntervalMs,
      });
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#dial = attempt;
    attempt.connected.then(
      (link) => {
        if (this.#dial !== attempt) {
          link.destroy();
          return;
        }
        this.#dial = undefined;
        this.#connected(link);
      },
      (error: unknown) => {
        if (this.#dial !== attempt) return;
        this.#dial = undefined;
        this.#failed(error);
      },
    );
  }

  #connected(link: StartableLink): void {
    this.#backOff.onSuccess();
    const { key } = this.#address;
    const session: ClientSession = new ClientSession(
      link,
      { address: key, transport: transportName },
      this.#options.session,
      {
        onExchangeEnded: () => this.#exchangeEnded(session),
        onDraining: () => this.#draining(session),
        onEnded: (error) => this.#ended(session, error),
      },
    );
    this.#session = session;
    this.#sessions.add(session);
    link.start(session);
    this.#setState("open");
    this.#emit({ type: "connection_opened", transport: transportName, side: "client", peer: key });
    this.#serveWaiters();
    this.#watchIdle(session);
  }

  #failed(cause: unknown): void {
    this.#backOff.onFailure();
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = this.#unreachable(why, cause);
    this.#emit({ type: "connect_failed", transport: transportName, peer: this.#address.key, error });
    this.#setState(this.#isClosed ? "closed" : "waiting", error);
    for (const waiter of [...this.#waiters]) waiter.reject(this.#unreachable(why, cause));
    this.#setState("closed");
  }

  #ended(session: ClientSession, error: RpcError | undefined): void {
    this.#sessions.delete(session);
    this.#emit({
      type: "connection_closed",
      transport: transportName,
      side: "client",
      peer: this.#address.key,
      ...(error ? { error } : undefined),
    });
    if (this.#session !== session) return;
    this.#session = undefined;
    clearTimer(this.#idle);
    this.#setState("closed", error);
    if (this.#waiters.size > 0) this.#connect();
  }

  #draining(session: ClientSession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    clearTimer(this.#idle);
    this.#setState("closed");
    if (session.openCount === 0) session.close();
    if (this.#waiters.size > 0) this.#connect();
  }

  #exchangeEnded(session: ClientSession): void {
    if (this.#session !== session) {
      // It was draining, and this was perhaps its last call.
      if (session.openCount === 0) session.close();
      return;
    }
    this.#serveWaiters();
    this.#watchIdle(session);
  }

  #serveWaiters(): void {
    for (const waiter of [...this.#waiters]) {
      const { session } = this;
      if (!session) return;
      waiter.resolve(session);
    }
  }

  #watchIdle(session: ClientSession): void {
    clearTimer(this.#idle);
    if (session.openCount > 0) return;
    this.#idle = setTimer(() => {
      if (session.openCount === 0) session.close();
    }, this.#options.idleTimeoutMs);
  }

  /** Nobody waits any more. */
  #stopConnecting(): void {
    const wasConnecting = this.#dial !== undefined || this.#retry !== undefined;
    if (this.#retry !== undefined) clearTimer(this.#retry);
    this.#retry = undefined;
    const attempt = this.#dial;
    this.#dial = undefined;
    attempt?.connected.catch(() => {});
    attempt?.abort();
    if (wasConnecting) this.#setState("closed");
  }

  #setState(state: ConnectionState, error?: Error): void {
    if (state === this.#state) return;
    this.#state = state;
    try {
      this.#options.onStateChange?.({
        address: this.#address.key,
        state,
        ...(error ? { error } : undefined),
      });
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

  #unreachable(why: string, cause?: unknown): RpcError {
    return new RpcError("unavailable", `cannot connect to ${this.#address.key}: ${why}`, {
      cause,
      retryable: true,
    });
  }
}
