import {
  type Address,
  type Balancer,
  BizStatusError,
  type CallError,
  type ClientByteStream,
  type ClientTransport,
  type OnEvent,
  type Pick,
  type PickOutcome,
  type PickRequest,
  parseAddress,
  type Resolver,
  RpcError,
  type Target,
} from "@slipstream/stream";
import { reportHook } from "./trace.ts";

/** Takes addresses in turn. The default balancer; each client has its own turn. */
export function roundRobin(): Balancer {
  let next = 0;
  return {
    name: "round_robin",
    pick: (candidates): Pick => {
      const address = candidates[next++ % candidates.length];
      if (!address) throw new RpcError("unavailable", "no address to choose from");
      return { address };
    },
  };
}

/** A target, ready to be asked before each call. */
export type Addresses = () => readonly Address[] | Promise<readonly Address[]>;

/** The address of a target that has one and will have no other. */
export function onlyAddress(addresses: Addresses): Address | undefined {
  return fixed.get(addresses)?.length === 1 ? fixed.get(addresses)?.[0] : undefined;
}

/** Addresses that never change. */
const fixed = new WeakMap<Addresses, readonly Address[]>();

/** @throws RpcError `invalid_argument` for a target that the transport cannot connect to, or that is no address. */
export function addressesOf(target: Target | undefined, transport: ClientTransport): Addresses {
  const given = target ?? transport.defaultTarget;
  if (given === undefined) {
    throw new RpcError("invalid_argument", `no target: expected "host:port", addresses or a resolver`);
  }
  if (typeof given === "object" && "resolve" in given) return () => resolve(given);
  const list = staticAddresses(given, transport);
  const addresses = (): readonly Address[] => list;
  fixed.set(addresses, list);
  return addresses;
}

/** Addresses of a target that never change: checked once, when the client is created. */
function staticAddresses(target: Exclude<Target, Resolver>, transport: ClientTransport): readonly Address[] {
  const list = Array.isArray(target)
    ? (target as readonly (string | Address)[])
    : [target as string | Address];
  if (list.length === 0) {
    throw new RpcError("invalid_argument", "target is an empty list; expected at least one address");
  }
  return list.map((entry) => {
    const address = typeof entry === "string" ? parseAddress(entry) : entry;
    if (!transport.schemes.includes(address.scheme)) {
      throw new RpcError(
        "invalid_argument",
        `target ${address.key}: transport ${transport.name} connects to ${transport.schemes.join(", ")}, not ${address.scheme}`,
      );
    }
    return address;
  });
}

function resolve(resolver: Resolver): readonly Address[] | Promise<readonly Address[]> {
  const failed = (cause: unknown): never => {
    const { code, message, retryable } = RpcError.from(cause, "unavailable");
    throw new RpcError(code, `resolver ${resolver.name}: ${message}`, { cause, retryable });
  };
  try {
    const addresses = resolver.resolve();
    return addresses instanceof Promise ? addresses.catch(failed) : addresses;
  } catch (cause) {
    return failed(cause);
  }
}

/** A call that has its place: who is to be told of its end. */
export class Placed {
  readonly #pick: Pick;
  readonly #onEvent: OnEvent | undefined;
  #hasEnded = false;

  constructor(pick: Pick, onEvent: OnEvent | undefined) {
    this.#pick = pick;
    this.#onEvent = onEvent;
  }

  /** Tells the balancer how far it got. A balancer that fails at this harms no call. */
  tell(phase: PickOutcome["phase"], error: CallError | undefined): void {
    try {
      this.#pick.done?.({ phase, error });
    } catch (thrown) {
      reportHook(this.#onEvent, "pick.done", thrown);
    }
  }

  /** Only the first counts. */
  ended(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.tell("ended", error instanceof RpcError || error instanceof BizStatusError ? error : undefined);
  }

  /** Ends with the stream at the latest: a balancer that counts calls must hear of those that nobody reads to their end. */
  endsWith(stream: ClientByteStream): void {
    if (!this.#pick.done) return;
    stream.trailer().then(
      () => this.ended(undefined),
      (thrown: unknown) => this.ended(thrown),
    );
  }
}

export interface Placement<T> {
  readonly addresses: Addresses;
  readonly balancer: Balancer;
  readonly request: Omit<PickRequest, "attempt" | "exclude">;
  readonly onEvent: OnEvent | undefined;
  /** Whether the call is over before it was placed. */
  isStopped(): boolean;
  attempt(address: Address): Promise<T>;
  /** How far an attempt got that failed after the peer was reached. */
  readonly failedPhase: "open" | "ended";
}

const noKeys: ReadonlySet<string> = new Set();

/**
 * Places a call: picks an address and makes an attempt with it; after a failure to reach the peer (nothing was sent) picks
 * again among the addresses not tried yet, each at most once.
 */
export async function place<T>(
  placement: Placement<T>,
): Promise<{ readonly result: T; readonly placed: Placed }> {
  const { addresses, balancer, request, onEvent, failedPhase } = placement;
  const resolved = addresses();
  const all = resolved instanceof Promise ? await resolved : resolved;
  if (all.length === 0) {
    throw new RpcError("unavailable", "the resolver gave no addresses", { retryable: true });
  }
  let exclude = noKeys;
  for (let attempt = 1; ; attempt++) {
    const candidates = exclude.size === 0 ? all : all.filter(({ key }) => !exclude.has(key));
    const pick = balancer.pick(candidates, { ...request, attempt, exclude });
    const placed = new Placed(pick, onEvent);
    try {
      const result = await placement.attempt(pick.address);
      placed.tell("opened", undefined);
      return { result, placed };
    } catch (thrown) {
      const error = RpcError.from(thrown);
      const isUnreached = error.code === "unavailable" && error.retryable;
      placed.tell(isUnreached ? "connect" : failedPhase, error);
      exclude = new Set([...exclude, pick.address.key]);
      const hasMore = attempt < all.length && all.some(({ key }) => !exclude.has(key));
      if (!isUnreached || !hasMore || placement.isStopped()) throw thrown;
    }
  }
}
