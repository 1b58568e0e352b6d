import { getPersistentValue, getValue } from "@slipstream/metainfo";
import type { Header, ServerCall } from "@slipstream/stream";

/** What one service saw of one call. */
export interface Seen {
  readonly hop: string;
  readonly carriedBy: string;
  /** The persistent value, which is to be seen at every hop. */
  readonly user: string | undefined;
  /** The transient value, which is to be seen at exactly one. */
  readonly ticket: string | undefined;
  readonly timeLeftMs: number | undefined;
  readonly back: Back;
}

/** What came back from the next service, beside its messages. */
export interface Back {
  /** From the header: the services that the call has come through. */
  readonly route: string | undefined;
  /** From the trailer: how many services have ended the call before. */
  readonly ended: string | undefined;
}

/** One method, called once through the whole chain. */
export interface Run {
  readonly method: string;
  readonly what: string;
  readonly sent: readonly string[];
  readonly answer: readonly string[];
  readonly back: Back;
  /** In the order of the chain. */
  readonly hops: readonly Seen[];
}

export const nothingBack: Back = { route: undefined, ended: undefined };

export function backFrom(header: Header | undefined, trailer: Header | undefined): Back {
  return { route: header?.get("route"), ended: trailer?.get("ended") };
}

/** What a service sees when a call arrives. */
export function arrival(hop: string, { context, info }: ServerCall): Omit<Seen, "back"> {
  return {
    hop,
    carriedBy: info.peer?.transport ?? "?",
    user: getPersistentValue(context, "user"),
    ticket: getValue(context, "ticket"),
    timeLeftMs: context.remainingMs(),
  };
}
