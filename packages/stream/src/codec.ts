/** Turns messages into bytes and back. Stateless: one codec serves any number of calls at once. */
export interface MessageCodec<T> {
  /**
   * The bytes belong to the caller from here on: a codec never writes to them again.
   * @throws RpcError `invalid_argument` when the value does not fit the type.
   */
  encode(message: T): Uint8Array;
  /**
   * Gives back what `encode` returned, and to which nobody keeps a reference: its memory may be written again. Bytes that
   * are not given back stay as they are for ever.
   */
  release?(bytes: Uint8Array): void;
  /**
   * The bytes never change afterwards, so a codec may keep views of them.
   * @param isOwned - Nobody else has the bytes: a part of the message may be a view of them where it would be a copy
   * otherwise. @defaultValue false
   * @throws RpcError `internal` when the bytes are malformed.
   */
  decode(bytes: Uint8Array, isOwned?: boolean): T;
}

/** The answering side of a method. */
export interface ResponseCodec<T> extends MessageCodec<T> {
  /**
   * A declared exception, encoded as an answer; `undefined` when `error` is not one of those the method declares.
   * `decode` of such an answer throws the exception: whatever it throws that is not an RpcError is a declared one.
   */
  encodeError?(error: unknown): Uint8Array | undefined;
}
