import {
  type Address,
  type Balancer,
  type ClientTransport,
  type Pick,
  type PickRequest,
  parseAddress,
  type Resolver,
  RpcError,
  type Target,
} from "@slipstream/stream";

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

const isResolver = (target: object): target is Resolver => "resolve" in target;

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

/** A target, ready to be asked before each call. */
export type Addresses = () => readonly Address[] | Promise<readonly Address[]>;

/** @throws RpcError `invalid_argument` for a target that the transport cannot connect to, or that is no address. */
export function addressesOf(target: Target | undefined, transport: ClientTransport): Addresses {
  const given = target ?? transport.defaultTarget;
  if (given === undefined) {
    throw new RpcError("invalid_argument", `no target: expected "host:port", addresses or a resolver`);
  }
  if (typeof given === "object" && !Array.isArray(given) && isResolver(given)) {
    const resolver = given;
    return async () => {
      try {
        return await resolver.resolve();
      } catch (cause) {
        const error = RpcError.from(cause, "unavailable");
        throw new RpcError(error.code, `resolver ${resolver.name}: ${error.message}`, {
          cause,
          retryable: error.retryable,
        });
      }
    };
  }
  const addresses = staticAddresses(given as Exclude<Target, Resolver>, transport);
  return () => addresses;
}

const noKeys: ReadonlySet<string> = new Set();

/**
 * Places a call: picks an address and runs `attempt` with it; after a failure to reach the peer (nothing was sent) picks
 * again among the addresses not tried yet. Returns what `attempt` gave, and the pick, which is to be told of the end.
 */
export async function place<T>(
  addresses: Addresses,
  balancer: Balancer,
  request: Omit<PickRequest, "attempt" | "exclude">,
  stopped: () => RpcError | undefined,
  attempt: (address: Address) => Promise<T>,
): Promise<{ readonly result: T; readonly pick: Pick }> {
  const resolved = addresses();
  const all = resolved instanceof Promise ? await resolved : resolved;
  if (all.length === 0) {
    throw new RpcError("unavailable", "the resolver gave no addresses", { retryable: true });
  }
  let exclude = noKeys;
  for (let count = 1; ; count++) {
    const candidates = exclude.size === 0 ? all : all.filter((address) => !exclude.has(address.key));
    const pick = balancer.pick(candidates, { ...request, attempt: count, exclude });
    try {
      const result = await attempt(pick.address);
      pick.done?.({ phase: "opened", error: undefined });
      return { result, pick };
    } catch (thrown) {
      const error = RpcError.from(thrown);
      const unreached = error.code === "unavailable" && error.retryable;
      pick.done?.({ phase: unreached ? "connect" : "open", error });
      exclude = new Set([...exclude, pick.address.key]);
      const left = all.some((address) => !exclude.has(address.key));
      if (!unreached || !left || stopped()) throw thrown;
    }
  }
}
