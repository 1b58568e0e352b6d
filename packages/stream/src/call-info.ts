import type { Context } from "@slipstream/metainfo";
import type { MethodKind } from "./descriptor.ts";
import type { BizStatusError } from "./errors.ts";
import type { Peer } from "./transport.ts";

/** What every step of one call shares, on one side; a view with another context shares the rest. */
interface Shared {
  store: Map<unknown, unknown> | undefined;
  bizStatus: BizStatusError | undefined;
  peer: Peer | undefined;
}

export interface CallInfoInit {
  readonly side: "client" | "server";
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  readonly context: Context;
  readonly peer?: Peer | undefined;
}

/**
 * One call as middleware and tracers see it. The context is the only thing that middleware changes, by passing
 * `info.withContext(…)` to `next`; everything else is the same object for all of them.
 */
export class CallInfo {
  readonly side: "client" | "server";
  /** Names on the wire. */
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  readonly context: Context;
  readonly #shared: Shared;

  constructor(init: CallInfoInit, sharedWith?: CallInfo) {
    this.side = init.side;
    this.service = init.service;
    this.method = init.method;
    this.kind = init.kind;
    this.context = init.context;
    this.#shared = sharedWith?.#shared ?? { store: undefined, bizStatus: undefined, peer: init.peer };
  }

  /** True for the kinds whose `call` middleware sees a stream instead of messages. */
  get isStreaming(): boolean {
    return this.kind === "client" || this.kind === "server" || this.kind === "bidi";
  }

  /** The other side; on a client known once the call has been placed. */
  get peer(): Peer | undefined {
    return this.#shared.peer;
  }

  set peer(peer: Peer | undefined) {
    this.#shared.peer = peer;
  }

  /** A map for this call on this side, shared by all its middleware and handlers; made when first asked for. */
  get store(): Map<unknown, unknown> {
    return (this.#shared.store ??= new Map());
  }

  /** The business status the call ended with, which is no error to middleware. */
  get bizStatus(): BizStatusError | undefined {
    return this.#shared.bizStatus;
  }

  set bizStatus(status: BizStatusError | undefined) {
    this.#shared.bizStatus = status;
  }

  /** The same call with another context, for `next`. */
  withContext(context: Context): CallInfo {
    return new CallInfo({ ...this.#init(), context }, this);
  }

  #init(): CallInfoInit {
    return {
      side: this.side,
      service: this.service,
      method: this.method,
      kind: this.kind,
      context: this.context,
    };
  }
}
