/** What a session asks of the byte stream under it: a socket, a TLS socket, a pipe, a test's pair of queues. */
export interface Link {
  /** Whether all that was written has left the process, so that its memory may be written again. Absent where that is not known. */
  readonly isEmpty?: boolean;
  /**
   * Sends the chunks, in order. Nobody changes their bytes before `isEmpty` has been true.
   *
   * @returns false when the link holds more than it likes; the receiver's `onDrain` then tells when it does not.
   */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Runs `flush` later in this turn of the event loop, so that what one turn writes leaves together. Never a microtask: with awaiting callers that is a write per message. */
  schedule(flush: () => void): void;
  /** Reads no more until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what was written, then ends our direction. Reading goes on. */
  end(): void;
  /** Drops everything at once. */
  destroy(): void;
  /** From now on `receiver` hears of the link. Called once, before anything else. */
  start(receiver: LinkReceiver): void;
}

/** Hears of a link. The methods are never called from within a method of the link. */
export interface LinkReceiver {
  /** The chunk is not changed by anyone afterwards. */
  onData(chunk: Uint8Array): void;
  onDrain(): void;
  /** Nothing will come any more: the peer ended, the link broke (`error`), or we destroyed it. Called once. */
  onClose(error?: Error): void;
}
