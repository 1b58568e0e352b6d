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

/**
 * Cuts a stream of bytes into frames. A frame that lies whole in a chunk is handed out as a range of that
 * chunk, without a copy; a frame in pieces is put together once. Chunks must never change afterwards.
 */
export class FrameReader {
  readonly #limits: ResolvedFrameLimits;
  readonly #onFrame: (bytes: Uint8Array, start: number, end: number) => void;
  /** The beginning of a frame whose rest is still to come. */
  #part: Uint8Array = new Uint8Array(0);
  #have = 0;
  #isStopped = false;

  constructor(limits: ResolvedFrameLimits, onFrame: (bytes: Uint8Array, start: number, end: number) => void) {
    this.#limits = limits;
    this.#onFrame = onFrame;
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
    let at = this.#have === 0 ? 0 : this.#resume(bytes);
    while (!this.#isStopped && end - at >= PREFIX_BYTES) {
      const total = this.#frameBytes(bytes, at);
      if (end - at < total) break;
      this.#onFrame(bytes, at, at + total);
      at += total;
    }
    if (at < end && !this.#isStopped) this.#hold(bytes, at);
  }

  /** Hands out no further frame, not even those of the chunk at hand. */
  stop(): void {
    this.#isStopped = true;
    this.#part = new Uint8Array(0);
    this.#have = 0;
  }

  #frameBytes(bytes: Uint8Array, at: number): number {
    const magic = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
    if (magic !== MAGIC) throw wrongMagic(magic);
    const length =
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0;
    if (length > this.#limits.maxFrameLength) {
      throw overLimit("frame", length + 4, "maxMessageBytes", this.#limits.maxMessageBytes);
    }
    if (length < FIXED_BYTES - 4) {
      throw new FrameError("truncated", `LENGTH is ${length}, at least ${FIXED_BYTES - 4} was expected`);
    }
    return length + 4;
  }

  #hold(bytes: Uint8Array, at: number): void {
    const have = bytes.length - at;
    const total = have < PREFIX_BYTES ? PREFIX_BYTES : this.#frameBytes(bytes, at);
    this.#part = allocate(Math.min(total, Math.max(FIRST_ALLOCATION, have)));
    this.#part.set(bytes.subarray(at), 0);
    this.#have = have;
  }

  /** Goes on with the frame that has begun, and returns how much of `bytes` it took. */
  #resume(bytes: Uint8Array): number {
    let at = 0;
    if (this.#have < PREFIX_BYTES) {
      at = this.#take(bytes, 0, PREFIX_BYTES);
      if (this.#have < PREFIX_BYTES) return at;
    }
    const total = this.#frameBytes(this.#part, 0);
    at += this.#take(bytes, at, total);
    if (this.#have < total) return at;
    const frame = this.#part;
    this.#part = new Uint8Array(0);
    this.#have = 0;
    this.#onFrame(frame, 0, total);
    return at;
  }

  /** Copies from `bytes` until `wanted` bytes are there or none are left; returns how many it copied. */
  #take(bytes: Uint8Array, at: number, wanted: number): number {
    const count = Math.min(wanted - this.#have, bytes.length - at);
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
