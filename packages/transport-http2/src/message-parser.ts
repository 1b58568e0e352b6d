import { allocate, RpcError } from "@slipstream/stream";

/** Bytes before each message: a flag and the length (gRPC's "Length-Prefixed-Message"). */
export const prefixBytes = 5;

let lastChunk: Uint8Array = new Uint8Array(0);
let lastMemory: ArrayBufferLike = lastChunk.buffer;

/** To ask a chunk for its memory costs more than to make a view, and many messages in a row come in one. */
function memoryOf(chunk: Uint8Array): ArrayBufferLike {
  if (chunk !== lastChunk) {
    lastChunk = chunk;
    lastMemory = chunk.buffer;
  }
  return lastMemory;
}

/** Not `subarray`: what comes from a socket is a Buffer, and messages are not. */
function viewOf(chunk: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(memoryOf(chunk), chunk.byteOffset + at, length);
}

const shared = new Uint8Array(prefixBytes);

/** The prefix of a message. One buffer for all: sessions copy it at once. */
export function messagePrefix(length: number, isCompressed: boolean): Uint8Array {
  shared[0] = isCompressed ? 1 : 0;
  shared[1] = length >>> 24;
  shared[2] = length >>> 16;
  shared[3] = length >>> 8;
  shared[4] = length;
  return shared;
}

export interface MessageSink {
  /** Ownership of the bytes passes on. */
  onMessage(message: Uint8Array, isCompressed: boolean): void;
}

/** The message that is all of a piece of DATA, if that is one which is plain, whole and allowed. Else a parser must see to it. */
export function onlyMessage(
  chunk: Uint8Array,
  start: number,
  end: number,
  maxMessageBytes: number,
): Uint8Array | undefined {
  const at = start + prefixBytes;
  if (at > end || chunk[start] !== 0) return undefined;
  const length = lengthAt(chunk, start + 1);
  if (at + length !== end || length > maxMessageBytes) return undefined;
  return viewOf(chunk, at, length);
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}

/**
 * Cuts messages out of the DATA of a stream, whatever way it is cut itself. A message that lies in one chunk is a view of
 * it; a longer one is gathered in memory of its own, which is only taken once its announced size is known to be allowed.
 */
export class MessageParser {
  readonly #maxMessageBytes: number;
  readonly #sink: MessageSink;
  /** A prefix that came in pieces, which is rare. */
  #prefix: Uint8Array | undefined;
  #prefixLength = 0;
  #partial: Uint8Array | undefined;
  #filled = 0;
  #isCompressed = false;

  constructor(maxMessageBytes: number, sink: MessageSink) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#sink = sink;
  }

  /** Whether the bytes so far end in the middle of a message. */
  get isPartial(): boolean {
    return this.#partial !== undefined || this.#prefixLength > 0;
  }

  /**
   * @throws RpcError `resource_exhausted` for a message over the limit, `internal` for a flag that gRPC does not know.
   *   Nothing more must be pushed then.
   */
  push(chunk: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#partial) {
        at = this.#fill(this.#partial, chunk, at, end);
        continue;
      }
      // The whole prefix in one chunk is the usual case, and is read where it stands.
      if (this.#prefixLength === 0 && end - at >= prefixBytes) {
        at = this.#begin(chunk, at, chunk, at + prefixBytes, end);
        continue;
      }
      this.#prefix ??= new Uint8Array(prefixBytes);
      this.#prefix[this.#prefixLength++] = chunk[at++] as number;
      if (this.#prefixLength < prefixBytes) continue;
      this.#prefixLength = 0;
      at = this.#begin(this.#prefix, 0, chunk, at, end);
    }
  }

  /** A message begins at `at`, after its prefix; returns where the parser got to. */
  #begin(prefix: Uint8Array, prefixAt: number, chunk: Uint8Array, at: number, end: number): number {
    const flag = prefix[prefixAt] as number;
    if (flag > 1)
      throw new RpcError("internal", `message with flag ${flag}; gRPC knows 0 (plain) and 1 (compressed)`);
    const length = lengthAt(prefix, prefixAt + 1);
    if (length > this.#maxMessageBytes) {
      throw new RpcError(
        "resource_exhausted",
        `message of ${length} bytes is over maxMessageBytes (${this.#maxMessageBytes})`,
      );
    }
    if (end - at >= length) {
      this.#sink.onMessage(viewOf(chunk, at, length), flag === 1);
      return at + length;
    }
    this.#partial = allocate(length);
    this.#filled = 0;
    this.#isCompressed = flag === 1;
    return this.#fill(this.#partial, chunk, at, end);
  }

  #fill(partial: Uint8Array, chunk: Uint8Array, at: number, end: number): number {
    const taken = Math.min(partial.length - this.#filled, end - at);
    partial.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === partial.length) {
      this.#partial = undefined;
      this.#sink.onMessage(partial, this.#isCompressed);
    }
    return at + taken;
  }
}
