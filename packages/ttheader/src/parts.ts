import { RpcError } from "@slipstream/stream";
import type { Link } from "./link.ts";
import type { ResolvedSessionOptions } from "./options.ts";
import type { ReceiveHalf } from "./receive-half.ts";
import type { Exchange } from "./session.ts";

/** What of a session can be had small, for a page, or fast with streams by the thousand. */
export interface SessionParts {
  exchanges(): ExchangeTable;
  outbox(link: Link, onRoom: () => void): Outbox;
  inflow(link: Link, options: ResolvedSessionOptions, onStalled: OnStalled): Inflow;
  windows(options: ResolvedSessionOptions): CreditWindows;
}

/** The streams and calls of a connection by their ids. */
export interface ExchangeTable {
  readonly size: number;
  get(id: number): Exchange | undefined;
  /** Adds one whose id is not in the table. */
  add(exchange: Exchange): void;
  delete(id: number): void;
  /** All of them, in no order; the table may change meanwhile. */
  values(): Exchange[];
}

/**
 * Gathers the frames of a turn and gives them to the link at once. A frame is written into `bytes` between
 * {@link reserve} and {@link commit}.
 */
export interface Outbox {
  /** Where {@link reserve} made room. */
  readonly bytes: Uint8Array;
  /** Whether the link holds all that it wants to. */
  readonly isBlocked: boolean;
  /** Bytes that the link has not been given. */
  readonly pendingBytes: number;
  /**
   * Makes room for `size` bytes in a row, and for `rest` behind them if that is to be copied; returns where in `bytes` they
   * begin. Nothing else may write before `commit`.
   */
  reserve(size: number, rest?: Uint8Array): number;
  /**
   * Takes what was written up to `end`, and `rest` behind it, which may go as it is: `release` is called when it was copied,
   * or if the link lets go of it at once.
   */
  commit(end: number, rest?: Uint8Array, release?: (rest: Uint8Array) => void): void;
  /** The link has room again. */
  onDrain(): void;
  /** A call follows: what there is of others leaves early, since the peer has more to do for calls than for as many bytes of streams. */
  beginCall?(): void;
  /** Gives the link what there is; if it has too much already, only before it closes. */
  flush(isClosing?: boolean): void;
  /** Takes nothing more, and forgets what it has. */
  close(): void;
}

/** Ends a stream that has more unread than it may. */
export type OnStalled = (receiver: ReceiveHalf, error: RpcError) => void;

/** Holds the peer back while a stream has more unread than its limit. */
export interface Inflow {
  /** Looks at a stream to which a message is about to be added, or of which some were taken. */
  check(receiver: ReceiveHalf): void;
  /** Reads no more for a reason that is not a stream's. */
  hold(isHeld: boolean): void;
  close(): void;
}

/** The error of a stream that nobody reads. */
export function tooMuchUnread({ unreadCost }: ReceiveHalf, maxUnreadBytes: number, time = ""): RpcError {
  return new RpcError(
    "resource_exhausted",
    `nobody read the ${unreadCost} bytes that wait on this stream${time}, over maxUnreadBytes (${maxUnreadBytes})`,
  );
}

/** The credit that the streams of a connection give their peer. */
export interface CreditWindows {
  /** That of a new stream. */
  create(): CreditWindow;
}

/** The credit that a receiving stream gives its peer. */
export interface CreditWindow {
  /** Counts what the application took. Returns whether it is time to renew. */
  take(cost: number): boolean;
  /**
   * The new limit of what the peer may send in all; undefined when that is not above what it has been told. `hasWaited`:
   * whether the application waited for a message since the last time.
   */
  renew(hasWaited: boolean): number | undefined;
  /** The peer sends nothing more; so many bytes of it were not taken yet. */
  end(unreadBytes: number): void;
}
