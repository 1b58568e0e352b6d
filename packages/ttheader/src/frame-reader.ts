import { FIXED_BYTES, MAGIC } from "./format.ts";
import { FrameError } from "./frame-error.ts";
import { wrongMagic } from "./frame-head.ts";
import { overLimit, type ResolvedFrameLimits } from "./limits.ts";
import { allocate } from "./platform.ts";

/** LENGTH and MAGIC: with these a frame is known to be one, and how long it is. */
const PREFIX_BYTES = 6;
/**
 * The most that is set aside for a frame on its LENGTH alone; beyond that the memory follows the bytes that
 * really came.
 */
const FIRST_ALLOCATION = 1024 * 1024;

const noBytes = new Uint8Array(0);

/** A frame that is over the limit. */
export interface OversizeFrame {
  readonly sequenceId: number;
  readonly flags: number;
  /** Its bytes, LENGTH included. */
  readonly length: number;
}

export interface FrameReceiver {
  /** A whole frame, LENGTH included, is in `bytes[start, end)`. */
  onFrame(bytes: Uint8Array, start: number, end: number): void;
  /** A frame over the limit has begun; its bytes are skipped. Without this method it is an error. */
  onOversize?(frame: OversizeFrame): void;
}

/**
 * Cuts a stream of bytes into frames. A frame that lies whole in a chunk is handed out as a range of that
 * chunk, without a copy; a frame in pieces is put together once. Chunks must never change afterwards.
 */
export class FrameReader {
  readonly #limits: ResolvedFrameLimits;
  readonly #receiver: FrameReceiver;
  /** The beginning of a frame whose rest is still to come. */
  #part: Uint8Array = noBytes;
  #have = 0;
  /** Bytes still to come of a frame over the limit. */
  #skip = 0;
  #isStopped = false;

  constructor(limits: ResolvedFrameLimits, receiver: FrameReceiver) {
    this.#limits = limits;
    this.#receiver = receiver;
  }

  /** Bytes of a frame that is not complete yet. */
  get pendingBytes(): number {
    return this.#have;
  }

  /**
   * Takes the next bytes and calls `onFrame` for every frame that they complete.
   * @throws FrameError when they are no frame, or over a limit; the reader cannot go on after that.
   */
  push(chunk: Uint8Array): void {
    // One class of array in the loops below keeps them fast; Node's sockets give Buffers.
    const bytes =
      chunk.constructor === Uint8Array
        ? chunk
        : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const end = bytes.length;
    for (let at = 0; at < end && !this.#isStopped; ) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, end - at);
        this.#skip -= count;
        at += count;
      } else if (this.#have > 0) {
        at = this.#resume(bytes, at);
      } else {
        const total = end - at < PREFIX_BYTES ? 0 : this.#frameBytes(bytes, at);
        if (total === 0 || end - at < Math.min(total, FIXED_BYTES)) return this.#hold(bytes, at, FIXED_BYTES);
        if (this.#isOversize(bytes, at, total)) this.#skip = total;
        else if (end - at < total) return this.#hold(bytes, at, total);
        else {
          this.#receiver.onFrame(bytes, at, at + total);
          at += total;
        }
      }
    }
  }

  /** Hands out no further frame, not even those of the chunk at hand. */
  stop(): void {
    this.#isStopped = true;
    this.#part = noBytes;
    this.#have = 0;
  }

  /** LENGTH + 4. */
  #frameBytes(bytes: Uint8Array, at: number): number {
    const magic = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
    if (magic !== MAGIC) throw wrongMagic(magic);
    const length = int32(bytes, at) >>> 0;
    if (length < FIXED_BYTES - 4) {
      throw new FrameError("truncated", `LENGTH is ${length}, at least ${FIXED_BYTES - 4} was expected`);
    }
    if (length > this.#limits.maxFrameLength && this.#receiver.onOversize === undefined) {
      throw overLimit("frame", length + 4, "maxMessageBytes", this.#limits.maxMessageBytes);
    }
    return length + 4;
  }

  /** Tells of a frame that is over the limit; its fixed part is at `at`. */
  #isOversize(bytes: Uint8Array, at: number, total: number): boolean {
    if (total - 4 <= this.#limits.maxFrameLength) return false;
    this.#receiver.onOversize?.({
      sequenceId: int32(bytes, at + 8),
      flags: ((bytes[at + 6] as number) << 8) | (bytes[at + 7] as number),
      length: total,
    });
    return true;
  }

  /** Keeps the beginning of a frame of which at least `wanted` bytes must come. */
  #hold(bytes: Uint8Array, at: number, wanted: number): void {
    this.#part = allocate(Math.max(bytes.length - at, Math.min(wanted, FIRST_ALLOCATION)));
    this.#part.set(bytes.subarray(at), 0);
    this.#have = bytes.length - at;
  }

  /** Goes on with the frame that has begun, and returns where it left off. */
  #resume(bytes: Uint8Array, start: number): number {
    let at = start + this.#take(bytes, start, FIXED_BYTES);
    if (this.#have >= PREFIX_BYTES) this.#frameBytes(this.#part, 0);
    if (this.#have < FIXED_BYTES) return at;
    const total = this.#frameBytes(this.#part, 0);
    if (this.#isOversize(this.#part, 0, total)) {
      this.#skip = total - this.#have;
    } else {
      at += this.#take(bytes, at, total);
      if (this.#have < total) return at;
    }
    const frame = this.#part;
    this.#part = noBytes;
    this.#have = 0;
    if (this.#skip === 0) this.#receiver.onFrame(frame, 0, total);
    return at;
  }

  /** Copies from `bytes` until `wanted` bytes are there or none are left; returns how many it copied. */
  #take(bytes: Uint8Array, at: number, wanted: number): number {
    const count = Math.max(0, Math.min(wanted - this.#have, bytes.length - at));
    const needed = this.#have + count;
    if (needed > this.#part.length) {
      const grown = allocate(Math.min(wanted, Math.max(needed, this.#part.length * 2, FIRST_ALLOCATION)));
      grown.set(this.#part.subarray(0, this.#have), 0);
      this.#part = grown;
    }
    this.#part.set(bytes.subarray(at, at + count), this.#have);
    this.#have = needed;
    return count;
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
