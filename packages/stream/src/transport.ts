import type { Context } from "@slipstream/metainfo";
import type { Address } from "./address.ts";
import type { Ended } from "./ended.ts";
import type { CallError, RpcError } from "./errors.ts";
import type { Fields } from "./fields.ts";

/**
 * All that a transport is told of a call: what to put on the wire before the first message. `rpc` has done the work on
 * the Context (transfer of transient values, deadline, limits, reserved names) before.
 */
export interface CallStart {
  /** Service name on the wire. A server sees "" when the peer named none, as stock Kitex ping-pong clients do. */
  readonly service: string;
  /** Only for the path of HTTP/2. */
  readonly package?: string | undefined;
  readonly method: string;
  /** `thrift` or `proto`. */
  readonly contentSubtype: string;
  /** Name of the calling service, and the method in which it calls. */
  readonly caller?: string | undefined;
  readonly callerMethod?: string | undefined;
  /** Metainfo that travels, after `transferForward`. A server passes on what came off the wire. */
  readonly persistent: ReadonlyMap<string, string>;
  readonly transient: ReadonlyMap<string, string>;
  /** gRPC-style metadata: names in lower case, in the order set. */
  readonly metadata: Fields;
  /** Time left for the call in whole milliseconds, 1 to 2^31 - 1; absent when there is no deadline. */
  readonly timeoutMs?: number | undefined;
  /**
   * The one way to stop a call. On a client `rpc` ends it at the deadline, on the caller's cancel and when the context
   * ends: the transport must stop the call with that reason, tell the peer, and fail what is pending. On a server the
   * transport ends it when the peer cancels or the connection is lost.
   */
  readonly ended: Ended;
  /** Where to; a client transport pools its connections by `address.key`. */
  readonly address: Address;
}

/** Both halves of a stream of opaque messages. Sending and receiving are independent of one another. */
export interface ByteStream {
  /**
   * Sends one message; ownership of the bytes passes to the transport. `undefined` means accepted, and there is room
   * for more; a promise resolves when there is room again. Messages leave in the order of the calls, awaited or not.
   *
   * Rejects or throws with `failed_precondition` after a half-close or a clean end, else with the stream's error once it has
   * ended with one. A message that is too large, or one too many while others wait, is refused by throwing
   * `messageTooLarge(…)` or `sendBufferFull(…)`: it is not sent, and the stream goes on.
   * A rejection is already handled: not awaiting `send` never makes an unhandled rejection.
   *
   * @param release - Called with the message, at most once, within `send` or later, when nothing here needs its bytes any
   * more: their memory may then be used again. A transport that cannot tell never calls it.
   */
  send(message: Uint8Array, release?: (message: Uint8Array) => void): Promise<void> | undefined;
  /**
   * The next message, or `undefined` when the peer has sent its last. Answers without a promise when it can. The bytes
   * belong to the receiver and never change. Messages that arrived before an error come first; then every call throws
   * or rejects with that error. Several waiting calls are answered first in, first out. Messages that nobody takes make
   * the transport stop the sender: that is the one way to slow a peer down. A promise that it gives is not handled yet.
   */
  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** A message that is already there; `undefined` says only that none is, not that none will come. Never throws. */
  tryRecv(): Uint8Array | undefined;
}

export interface ClientByteStream extends ByteStream {
  /** What the stream goes to, for messages and tracing. */
  readonly peer: Peer;
  /** Half-close: nothing more from us; receiving goes on. Does nothing the second time or after the end. */
  closeSend(): void;
  /**
   * The peer's header: resolves as soon as it arrives, with or without data behind it, whatever status the call ends
   * with. A call that ended properly without one has an empty header; rejects only when the stream broke before.
   * May be called any number of times, at any time, or never; it never holds data back.
   */
  header(): Promise<Fields>;
  /** The peer's trailer, likewise: it comes with the end of the call, also with one that carries an error. */
  trailer(): Promise<Fields>;
  /**
   * Ends the stream at once on both sides, with `reason` here and as much of it as the wire can carry there: what was not
   * received yet is dropped, and everything pending fails. So does the end of `start.ended`. Does nothing once the peer's
   * end is there, or the second time.
   */
  cancel(reason: RpcError): void;
}

/** What a server's transport knows when a call comes in. */
export type ServerStart = Omit<CallStart, "address"> & { readonly peer: Peer };

export interface ServerByteStream extends ByteStream {
  readonly start: ServerStart;
  /** The client made a single call, on a wire that has only streams, and says so: a streaming method is refused. */
  readonly isSingleCall?: boolean;
  /**
   * Sends the header at once, before any message. Called at most once, and never after the first `send`, which sends an
   * empty one by itself; so does `end`, on wires that have no end without a header.
   *
   * @throws RpcError when the wire has no room for it, unless the transport ends the call by itself then; nothing was sent.
   */
  sendHeader(fields: Fields): void;
  /**
   * Ends the call: the last thing the peer hears of it, behind all messages sent. `rpc` calls it exactly once for every
   * stream it was given, also for one whose peer is gone (then nothing is written). What was not received yet is dropped;
   * `recv` and `send` fail with `end.error`, without one they end cleanly. The peer gets an error of its own: code, text
   * and origin, not `cause`, `method` and `peer`.
   */
  end(end: StreamEnd): void;
}

export interface StreamEnd {
  /** Absent: success. */
  readonly error?: CallError;
  readonly trailer: Fields;
  /**
   * Backward values, of a ping-pong or unary method that came as a stream; absent on methods that stream. Native where
   * the wire has a place for them, else in the side entry.
   */
  readonly backward?: ReadonlyMap<string, string>;
}

/** The answer to a ping-pong call. */
export interface Reply {
  readonly outcome: { readonly message: Uint8Array } | { readonly error: CallError };
  readonly header: Fields;
  readonly trailer: Fields;
  /** Backward values, from the callee to the caller. */
  readonly backward: ReadonlyMap<string, string>;
}

/** The other side of a connection. */
export interface Peer {
  /** As a target can be written; for a client of ours the remote `host:port`. */
  readonly address: string;
  /** Name of the transport that carries the call. */
  readonly transport: string;
  /** The way the bytes are framed on it, for example `ttheader`, `framed`, `grpc`. */
  readonly protocol: string;
  /** Whether the peer is known to be Slipstream, so that nothing is lost or renamed on the way to it. */
  readonly isSlipstream: boolean;
  /** TLS of the connection, when there is one; a `tls.TLSSocket` on Node. */
  readonly tls?: unknown;
  /** On a server: what the connection adds to the context of each of its calls, for example who was authenticated. */
  readonly extendContext?: ((context: Context) => Context) | undefined;
  /** Header block of this call exactly as it came, framework names included. */
  readonly raw?: Fields;
}

/**
 * The client side of a transport: moves opaque messages, and knows no codecs, kinds, handlers or middleware.
 *
 * Failing to connect is an RpcError `unavailable` with `retryable: true` (nothing was sent): `rpc` then tries another
 * address. Nothing is ever kept waiting without a limit.
 */
export interface ClientTransport extends AsyncDisposable {
  readonly name: string;
  /** Address schemes that it can connect to. */
  readonly schemes: readonly Address["scheme"][];
  /** Where calls go when the client names no target; only for transports that need none. */
  readonly defaultTarget?: Address;
  /**
   * Opens a stream. Resolves when connected and the header is queued, without waiting for the server: an unknown method
   * shows at `recv`.
   */
  open(start: CallStart, options: OpenOptions): Promise<ClientByteStream>;
  /**
   * One request, one reply; `undefined` for a oneway, when it is written. Rejects only when no reply came: an error that
   * the server answered with is a Reply. Absent on a transport without ping-pong: `rpc` then runs it over `open`.
   */
  call?(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined>;
  /** Closes every connection; calls in flight fail with `unavailable`. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Limit for connecting, in milliseconds. @defaultValue the transport's own, 1,000 unless said otherwise */
  readonly connectTimeoutMs?: number;
}

/** The server side of a transport, before it serves. */
export interface ServerTransport {
  readonly name: string;
  /** Starts to serve `handler`. A transport on sockets only gets ready here: see `SocketTransport`. */
  serve(handler: ServerHandler): Promise<RunningTransport>;
}

export interface RunningTransport {
  /** Where it is reached, for transports that need no listener; empty for transports on sockets. */
  readonly addresses: readonly Address[];
  /**
   * Takes no new calls, and tells peers so where the wire can: calls that had already been sent are still served, later
   * ones fail with a retryable `unavailable`. Calls in flight go on.
   */
  drain(): void;
  /** Ends every connection at once. Calls still in flight end with `unavailable` at the peer. Resolves when all is closed. */
  close(): Promise<void>;
}

/** A ping-pong call as a server's transport has it. No promises: they cost more than all else of a small call. */
export interface ServerByteCall {
  readonly start: ServerStart;
  readonly request: Uint8Array;
  /**
   * Answers the call. `rpc` calls it exactly once for every call it was given, at once or later, also for one whose peer is
   * gone (then nothing is written). With `undefined` nothing is to be written: the method is oneway.
   */
  reply(reply: Reply | undefined): void;
}

/** What `rpc` gives a server's transport. Neither method ever throws. */
export interface ServerHandler {
  stream(stream: ServerByteStream): void;
  call(call: ServerByteCall): void;
}
