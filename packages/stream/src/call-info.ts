import type { Context } from "@slipstream/metainfo";
import type { AnyMethod, MethodKind } from "./descriptor.ts";
import type { BizStatusError } from "./errors.ts";
import type { CallOptions, StreamOptions } from "./options.ts";
import type { Peer } from "./transport.ts";

/** What stays the same for one call on one side, whatever context it is looked at with. */
interface Shared {
  readonly side: "client" | "server";
  readonly service: string;
  readonly descriptor: AnyMethod;
  readonly options: (CallOptions & StreamOptions) | undefined;
  peer: Peer | undefined;
  stream: unknown;
  store: Map<unknown, unknown> | undefined;
  bizStatus: BizStatusError | undefined;
}

export interface CallInfoInit {
  readonly side: "client" | "server";
  /** Name on the wire. */
  readonly service: string;
  readonly descriptor: AnyMethod;
  readonly context: Context;
  /** What the caller passed; only on a client. */
  readonly options?: (CallOptions & StreamOptions) | undefined;
  readonly peer?: Peer | undefined;
}

/**
 * One call as middleware and tracers see it. The context is the only thing that middleware changes, by passing
 * `info.withContext(…)` to `next`; everything else is the same for all of them.
 */
export class CallInfo {
  readonly context: Context;
  readonly #shared: Shared;

  constructor(init: CallInfoInit | { readonly from: CallInfo; readonly context: Context }) {
    this.context = init.context;
    this.#shared =
      "from" in init
        ? init.from.#shared
        : {
            side: init.side,
            service: init.service,
            descriptor: init.descriptor,
            options: init.options,
            peer: init.peer,
            stream: undefined,
            store: undefined,
            bizStatus: undefined,
          };
  }

  get side(): "client" | "server" {
    return this.#shared.side;
  }

  /** Name of the service on the wire. */
  get service(): string {
    return this.#shared.service;
  }

  /** Name of the method on the wire. */
  get method(): string {
    return this.#shared.descriptor.name;
  }

  get kind(): MethodKind {
    return this.#shared.descriptor.kind;
  }

  /** The method's descriptor, codecs included. */
  get descriptor(): AnyMethod {
    return this.#shared.descriptor;
  }

  /** True for the kinds whose `call` middleware sees a stream instead of messages. */
  get isStreaming(): boolean {
    const { kind } = this;
    return kind === "client" || kind === "server" || kind === "bidi";
  }

  /** The options of this call, as the caller passed them; `undefined` on a server. */
  get options(): (CallOptions & StreamOptions) | undefined {
    return this.#shared.options;
  }

  /** The other side; on a client known once the call has been placed. */
  get peer(): Peer | undefined {
    return this.#shared.peer;
  }

  set peer(peer: Peer | undefined) {
    this.#shared.peer = peer;
  }

  /**
   * The stream itself, without decorators, once it is open. On a server it is what the handler gets, so for a single call
   * its `ServerCall`; on a client it is `undefined` for single calls.
   */
  get stream(): unknown {
    return this.#shared.stream;
  }

  set stream(stream: unknown) {
    this.#shared.stream = stream;
  }

  /** A map for this call on this side, shared by all its middleware and its handler; made when first asked for. */
  get store(): Map<unknown, unknown> {
    return (this.#shared.store ??= new Map());
  }

  /** Whether anybody asked for {@link store} yet. */
  get hasStore(): boolean {
    return this.#shared.store !== undefined;
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
    return context === this.context ? this : new CallInfo({ from: this, context });
  }
}
