import type { Framing } from "./frame-reader.ts";

/** How much of what was written has left, all in all, and how much has not. */
export interface Outgoing {
  readonly sentBytes: number;
  readonly unsentBytes: number;
}

/** What a session asks of the byte stream under it: a TCP or TLS socket, a WebSocket, a test's pair of queues. */
export interface Link {
  /** How frames lie in what it delivers: `streamFraming`, `mixedFraming` or `messageFraming`. */
  readonly framing: Framing;
  /** Whether a chunk reaches the peer as one message: then each has whole frames, and no payload leaves apart. */
  readonly chunksAreMessages?: boolean;
  /** Absent where that is not known. */
  readonly outgoing?: Outgoing;
  /**
   * Whether all that was written has left the process, so that its memory may be written again. Absent where that is not
   * known.
   */
  readonly isEmpty?: boolean;
  /**
   * Sends the chunks, in order. Nobody but the link changes their bytes before `isEmpty` has been true, but several
   * connections may share the memory around them.
   *
   * @returns false when the link holds more than it likes; the receiver's `onDrain` tells when it no longer does.
   */
  write(chunks: readonly Uint8Array[]): boolean;
  /**
   * Runs `flush` later in this turn of the event loop, so that what one turn writes leaves together. Never a microtask:
   * with awaiting callers that would be a write for every message.
   */
  schedule(flush: () => void): void;
  /** Reads no more until `resume`. What has been read may still arrive. */
  pause(): void;
  resume(): void;
  /** Sends what was written, then closes; also when the peer never answers, within a time of the link's choice. */
  end(): void;
  /** Drops everything at once. */
  destroy(): void;
}

/** Bytes that a link lends. */
export interface Lent {
  /** Asks to keep them, as cheaper than copies of most of them. Returns whether they may be kept. */
  keep(): boolean;
}

/** Hears of a link. Nothing here is called from within a method of the link. */
export interface LinkReceiver {
  /**
   * Bytes from the peer, in any cut. Nobody changes them afterwards, unless they are `lent`: then they are the link's again when
   * this returns. A link whose chunks are messages lends none.
   */
  onData(chunk: Uint8Array, lent?: Lent): void;
  onDrain(): void;
  /** Nothing will come any more: the peer ended, the link broke (`error`), or we closed it. Called once. */
  onClose(error?: Error): void;
}
