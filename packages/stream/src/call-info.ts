import type { Context } from "@slipstream/metainfo";
import type { AnyMethod, MethodKind } from "./descriptor.ts";
import type { BizStatusError } from "./errors.ts";
import type { CallOptions, StreamOptions } from "./options.ts";
import type { Peer } from "./transport.ts";

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
  readonly side: "client" | "server";
  /** Name of the service on the wire. */
  readonly service: string;
  /** The method's descriptor, codecs included. */
  readonly descriptor: AnyMethod;
  /** The options of this call, as the caller passed them; `undefined` on a server. */
  readonly options: (CallOptions & StreamOptions) | undefined;
  /** The one that the call began with: it keeps what changes, for all that were made of it. */
  readonly #first: CallInfo;
  #peer: Peer | undefined;
  #stream: unknown;
  #store: Map<unknown, unknown> | undefined;
  #bizStatus: BizStatusError | undefined;

  constructor(init: CallInfoInit | { readonly from: CallInfo; readonly context: Context }) {
    const isFirst = !("from" in init);
    const { side, service, descriptor, options } = isFirst ? init : init.from;
    this.context = init.context;
    this.side = side;
    this.service = service;
    this.descriptor = descriptor;
    this.options = options;
    this.#first = isFirst ? this : init.from.#first;
    this.#peer = isFirst ? init.peer : undefined;
  }

  /** Name of the method on the wire. */
  get method(): string {
    return this.descriptor.name;
  }

  get kind(): MethodKind {
    return this.descriptor.kind;
  }

  /** True for the kinds whose `call` middleware sees a stream instead of messages. */
  get isStreaming(): boolean {
    const { kind } = this;
    return kind === "client" || kind === "server" || kind === "bidi";
  }

  /** The other side; on a client known once the call has been placed. */
  get peer(): Peer | undefined {
    return this.#first.#peer;
  }

  set peer(peer: Peer | undefined) {
    this.#first.#peer = peer;
  }

  /**
   * The stream itself, without decorators, once it is open. On a server it is what the handler gets, so for a single call
   * its `ServerCall`; on a client it is `undefined` for single calls.
   */
  get stream(): unknown {
    return this.#first.#stream;
  }

  set stream(stream: unknown) {
    this.#first.#stream = stream;
  }

  /** A map for this call on this side, shared by all its middleware and its handler; made when first asked for. */
  get store(): Map<unknown, unknown> {
    return (this.#first.#store ??= new Map());
  }

  /** Whether anybody asked for {@link store} yet. */
  get hasStore(): boolean {
    return this.#first.#store !== undefined;
  }

  /** The business status the call ended with, which is no error to middleware. */
  get bizStatus(): BizStatusError | undefined {
    return this.#first.#bizStatus;
  }

  set bizStatus(status: BizStatusError | undefined) {
    this.#first.#bizStatus = status;
  }

  /** The same call with another context, for `next`. */
  withContext(context: Context): CallInfo {
    return context === this.context ? this : new CallInfo({ from: this, context });
  }
}
