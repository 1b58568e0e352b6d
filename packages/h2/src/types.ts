/**
 * The shape of a session: what opens and answers streams, and what hears of them. Callbacks are methods of handler objects (make them
 * class instances, one per stream), because they run for every frame; nothing here returns a promise.
 */

import type { SessionOptions } from "./options.ts";

/**
 * One field of a header or trailer section (RFC 9113, 8.2). Sections are ordered lists and names may repeat.
 *
 * A received value is a string when its bytes are valid UTF-8 and a `Uint8Array` when they are not. A string is sent as UTF-8.
 */
export interface Field {
  /** Lower case; pseudo-header fields start with a colon and come first. */
  readonly name: string;
  readonly value: string | Uint8Array;
  /** Never put into a compression table, here or by a proxy (RFC 7541, 7.1.3). `authorization` and `cookie` never are. */
  readonly neverIndexed?: boolean;
}

/** A received list may be given to several streams, when the same came for each: what is derived from one can be kept by its identity. */
export type Fields = readonly Field[];

/** What the peer's SETTINGS say, with the defaults of RFC 9113, 6.5.2 for what they do not. */
export interface PeerSettings {
  readonly headerTableSize: number;
  readonly enablePush: boolean;
  /** `Infinity` when the peer names none. */
  readonly maxConcurrentStreams: number;
  readonly initialWindowSize: number;
  readonly maxFrameSize: number;
  /** In bytes, 32 per field included (RFC 9113, 6.5.2). `Infinity` when the peer names none. */
  readonly maxHeaderListSize: number;
}

/** Why a stream ended before both sides had finished it. */
export interface StreamClose {
  /** The code of the RST_STREAM or GOAWAY, any unsigned 32-bit number. */
  readonly code: number;
  /** Who ended it: a `reset()` or a limit of ours, a RST_STREAM of the peer, or the whole connection. */
  readonly by: "local" | "peer" | "connection";
  /** The peer did not look at this stream, so the request may be sent again: REFUSED_STREAM, or an id above GOAWAY's last. */
  readonly unprocessed: boolean;
  readonly message: string;
}

/** One stream, as its owner drives it. */
export interface Stream {
  readonly id: number;

  /** Server: sends an interim response (`:status` 1xx; RFC 9113, 8.1). */
  inform(fields: Fields): void;

  /**
   * Server: sends the response's header section, once, before anything else. `shared` come first: fields that many streams have, whose
   * encoding is kept as long as it is the same array.
   *
   * @throws H2Error as {@link Session.open} does.
   */
  respond(shared: Fields, fields?: Fields, endStream?: boolean): void;

  /**
   * Sends `bytes`, after a `prefix` of at most 64 bytes that is copied at once and may be reused by the caller. `bytes` belong to the
   * stream from here on. What the peer's windows do not let out yet waits in memory, so stop when there is no room.
   *
   * @param release - Called with `bytes`, at most once, within `write` or later, when nothing here needs them any more: their
   * memory may then be used again. Not called where that is not known.
   * @returns whether there is room for more. When not, `onDrain` tells of it. Nothing is sent, and the answer is true, once our side ended.
   */
  write(bytes: Uint8Array, prefix?: Uint8Array, release?: (bytes: Uint8Array) => void): boolean;

  /**
   * Half-closes our side after everything written, with a trailer section if given (`shared` as in {@link Stream.respond}). One that cannot be sent (see
   * {@link Session.open}) resets the stream with INTERNAL_ERROR.
   */
  end(shared?: Fields, fields?: Fields): void;

  /** Sends RST_STREAM at once, dropping what was not sent. No half-close goes before it. `onClose` is called before this returns. */
  reset(code: number): void;

  /**
   * Says that the application has taken so many of the bytes given to `onData`: only then the peer may send as many more on this stream.
   * To stop a fast sender, do not call this. Ignored after the stream's close.
   */
  consume(bytes: number): void;

  /** Bytes written and held back by the peer's windows. */
  readonly bufferedBytes: number;
}

/**
 * Hears of one stream. The order is: `onInformational`*, `onHeaders` (client), `onData`*, `onTrailers`?, `onEnd`, and `onClose` last; a close can
 * come at any time, and nothing comes after it.
 */
export interface StreamHandler {
  /** Client: an interim response, `:status` 1xx. */
  onInformational(fields: Fields): void;
  /** Client: the response's header section. With `endStream` there is nothing after it, and `onEnd` follows. */
  onHeaders(fields: Fields, endStream: boolean): void;
  /** Bytes `start` to `end` (not included) of `chunk`, which never changes afterwards: keep a view of it, or a copy to free the rest of the chunk. */
  onData(chunk: Uint8Array, start: number, end: number): void;
  onTrailers(fields: Fields): void;
  /** The peer half-closed. */
  onEnd(): void;
  /** There is room again, after a `write` that said there was none; also after `end`, when everything has left. */
  onDrain(): void;
  /** The stream is over. `undefined`: both sides ended it. */
  onClose(reason: StreamClose | undefined): void;
}

/** Something that an operator may want to know of; sessions log nothing. */
export interface SessionEvent {
  /** For example "limit", "goaway_sent", "goaway_received", "closed". */
  readonly type: string;
  readonly message: string;
  /** Of "limit": the option that set it. */
  readonly limit?: string;
  readonly code?: number;
  readonly streamId?: number;
}

/** Hears of a session. */
export interface SessionHandler {
  /** Server: a request came. With `endStream` nothing comes after it, and `onEnd` follows. Returns who hears of the stream. */
  onStream(stream: Stream, fields: Fields, endStream: boolean): StreamHandler;
  /** The peer's SETTINGS came: once at the start of every connection, and whenever they change. */
  onSettings(settings: PeerSettings): void;
  /** The peer takes no new streams. Those of ours above `lastStreamId` have been closed as unprocessed; the others go on. */
  onGoaway(lastStreamId: number, code: number, debug: Uint8Array): void;
  /** The connection is over, after the `onClose` of all its streams. `undefined`: it ended in order. */
  onClose(error: Error | undefined): void;
  onEvent(event: SessionEvent): void;
}

/** Waits for its turn to open a stream. */
export interface OpenWaiter {
  /** Open one stream now, or do nothing to give the turn to the next. */
  onCanOpen(): void;
  /** The session takes no new streams any more (GOAWAY, shutdown, no ids left, closed). */
  onCannotOpen(error: Error): void;
}

export interface ShutdownOptions {
  /** Debug text of the GOAWAY. */
  readonly debug?: string;
  /** How long open streams may go on. @defaultValue no limit */
  readonly graceMs?: number;
  /** With which code the rest is reset then. @defaultValue 8, CANCEL */
  readonly resetCode?: number;
}

/** One connection, either side. */
export interface Session {
  /** What the peer's SETTINGS said last; the defaults until they came. */
  readonly peerSettings: PeerSettings;
  /** Streams that are open, from either side. */
  readonly openStreams: number;
  /** New streams can still be opened here, now or later: not closed, no GOAWAY either way, ids left. */
  readonly isUsable: boolean;

  /** Client: `open` would work now, and the request would leave soon: usable, below the peer's MAX_CONCURRENT_STREAMS, nobody waits, and the link is not full. */
  canOpen(): boolean;
  /** Client: waits for a turn, first in, first out. Calls one of the waiter's methods, once, never before this returned. */
  awaitOpen(waiter: OpenWaiter): void;
  /** Client: waits no longer. */
  cancelOpen(waiter: OpenWaiter): void;
  /**
   * Client: opens a stream; its HEADERS frame is queued when this returns. `shared` as in {@link Stream.respond}.
   *
   * @throws H2Error when the session is not usable, the peer allows no more streams, or others wait (outside of `onCanOpen`); or when the fields are larger than the peer's MAX_HEADER_LIST_SIZE, or cannot be sent at all.
   *   Nothing was sent then.
   */
  open(handler: StreamHandler, shared: Fields, fields?: Fields, endStream?: boolean): Stream;

  /** Sends a PING; `done` gets the round-trip time in milliseconds, or `undefined` when the connection closed first. */
  ping(done: (rttMs: number | undefined) => void): void;

  /**
   * Ends the connection in order (RFC 9113, 6.8): a server says so with the highest id, then after a round trip with the real last one; streams
   * already open go on; when the last is over, the link is closed. `onClose` tells of the end.
   */
  shutdown(options?: ShutdownOptions): void;

  /** Sends GOAWAY and closes at once; open streams are closed with `code`. @defaultValue code 0, NO_ERROR */
  destroy(code?: number, debug?: string): void;
}

/** Limits of ours that may change while a connection lives; see {@link SessionOptions}. */
export type SettingsChange = Pick<
  SessionOptions,
  "streamWindowBytes" | "maxConcurrentStreams" | "headerTableBytes" | "maxHeaderListBytes" | "maxFrameBytes"
>;

/** A session of this package. */
export interface H2Session extends Session {
  /** Tells the peer of new limits (RFC 9113, 6.5). A window with which one that has grown would pass 2^31-1 is made so much smaller. */
  changeSettings(change: SettingsChange): void;
}
