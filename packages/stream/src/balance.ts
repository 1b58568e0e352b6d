import type { Context } from "@slipstream/metainfo";
import type { Address } from "./address.ts";
import type { CallError } from "./errors.ts";

/** Finds the addresses behind a name. Caching and refreshing are the resolver's own. */
export interface Resolver {
  /** For messages and events. */
  readonly name: string;
  /**
   * The addresses now, asked before each call: a resolver that knows them answers without a promise. An empty list and
   * a rejection both fail the call with `unavailable`.
   */
  resolve(): readonly Address[] | Promise<readonly Address[]>;
  /** Stops what keeps the addresses fresh. Called by whoever made the resolver: clients may share one. */
  close?(): void | Promise<void>;
}

/** One attempt to place a call. */
export interface PickRequest {
  readonly service: string;
  readonly method: string;
  /** Of the call; a hash key may come from here. */
  readonly context: Context;
  /** The request, where there is exactly one before the call is placed: every kind but `client` and `bidi`. */
  readonly request: unknown;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Keys of addresses that failed to connect in this call. Already left out of `candidates` while others remain. */
  readonly exclude: ReadonlySet<string>;
}

export interface Pick {
  readonly address: Address;
  /** Told once for a failed attempt; for a successful one once it opened, and again when the call has ended. */
  done?(outcome: PickOutcome): void;
}

export interface PickOutcome {
  /** How far it got: `connect` and `open` are failures before the peer had the call, `opened` and `ended` what follows. */
  readonly phase: "connect" | "open" | "opened" | "ended";
  readonly error: CallError | undefined;
}

/** Chooses one of the addresses, once a call: all messages of a stream go to the same peer. */
export interface Balancer {
  readonly name: string;
  /** @throws RpcError to fail the call, for example `invalid_argument` for an empty hash key. */
  pick(candidates: readonly Address[], request: PickRequest): Pick;
}

/** Where a client's calls go: text as {@link parseAddress} reads it, an address, several, or something that finds them. */
export type Target = string | Address | readonly (string | Address)[] | Resolver;
