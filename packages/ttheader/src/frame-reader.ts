import { allocate } from "@slipstream/stream";
import { copyOf } from "./copy-of.ts";
import { FIXED_BYTES, MAGIC } from "./format.ts";
import { FrameError } from "./frame-error.ts";
import { int32, uint16, wrongMagic } from "./frame-head.ts";
import { overLimit, type ResolvedFrameLimits } from "./limits.ts";
import type { Lent } from "./link.ts";
import type { MessageScanner } from "./message-scanner.ts";

/** LENGTH and MAGIC: with these a frame is known to be one, and how long it is. */
const PREFIX_BYTES = 6;
/** How a strict Thrift message begins: without a frame at once, in a frame after the length. */
const THRIFT = 0x8001;
/** Version, name, sequence id and the end of a struct. */
const MIN_MESSAGE_BYTES = 13;
/**
 * The most that is set aside for a frame on its LENGTH alone; beyond that the memory follows the bytes that
 * really came.
 */
const FIRST_ALLOCATION = 1024 * 1024;
/** Frames from here on do not share memory when they are copied: one of them would keep many. So much of them is rather kept. */
const LARGE_BYTES = 16 * 1024;

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
  /** A Thrift message that is in no TTHeader frame, Framed (with its length) or plain, is in `bytes[start, end)`. */
  onHeaderless?(bytes: Uint8Array, start: number, end: number): void;
  /** A frame over the limit has begun; its bytes are skipped. Without this method it is an error. */
  onOversize?(frame: OversizeFrame): void;
}

/** What finds the frames in the bytes of a connection. */
export interface FrameSource {
  /**
   * Takes the next bytes and calls `onFrame` for every frame that they complete, in memory that nobody changes afterwards:
   * bytes that are lent, which `messageFraming` does not take, it copies or keeps.
   * @throws FrameError when they are no frame, or over a limit; it cannot go on after that.
   */
  push(chunk: Uint8Array, lent?: Lent): void;
  /** Hands out no further frame, not even those of the chunk at hand. */
  stop(): void;
}

/** Makes what finds frames: a value, so that a bundle has only the ways that its links need. */
export type Framing = (limits: ResolvedFrameLimits, receiver: FrameReceiver) => FrameSource;

/** Frames in a stream of bytes, cut anywhere. */
export const streamFraming: Framing = (limits, receiver) => new FrameReader(limits, receiver);

/**
 * Cuts a stream of bytes into frames, and into Thrift messages without TTHeader where those may come (`createScanner` is
 * given): each begins anew, as for Kitex, and a peer may change between them. A frame that lies whole in a chunk is handed out as a range of that
 * chunk, without a copy; a frame in pieces is put together once. Of a chunk that is lent, a large frame is copied to memory of
 * its own, small ones together, or they stay where they are if that may be; other chunks must never change afterwards.
 */
export class FrameReader implements FrameSource {
  readonly #limits: ResolvedFrameLimits;
  readonly #receiver: FrameReceiver;
  readonly #createScanner: (() => MessageScanner) | undefined;
  /** The beginning of a frame whose rest is still to come. */
  #part: Uint8Array = noBytes;
  #have = 0;
  /** Bytes still to come of a frame over the limit. */
  #skip = 0;
  /** Looks for the end of a message that says no length. */
  #scanner: MessageScanner | undefined;
  #isStopped = false;

  constructor(limits: ResolvedFrameLimits, receiver: FrameReceiver, createScanner?: () => MessageScanner) {
    this.#limits = limits;
    this.#receiver = receiver;
    this.#createScanner = createScanner;
  }

  /** Bytes of a frame that is not complete yet. */
  get pendingBytes(): number {
    return this.#have;
  }

  push(chunk: Uint8Array, lent?: Lent): void {
    let bytes = plainBytes(chunk);
    let end = bytes.length;
    let isOurs = lent === undefined;
    for (let at = 0; at < end && !this.#isStopped; ) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, end - at);
        this.#skip -= count;
        at += count;
      } else if (this.#have > 0) {
        at = this.#resume(bytes, at);
      } else {
        const total = end - at < PREFIX_BYTES ? 0 : this.#totalBytes(bytes, at, end);
        if (total === 0 || end - at < Math.min(total, FIXED_BYTES)) return this.#hold(bytes, at, FIXED_BYTES);
        if (this.#isOversize(bytes, at, total)) this.#skip = total;
        else if (end - at < total) return this.#hold(bytes, at, total);
        else if (isOurs) {
          this.#hand(bytes, at, at + total);
          at += total;
        } else if (total >= LARGE_BYTES) {
          this.#hand(copyOf(bytes, at, at + total), 0, total);
          at += total;
        } else {
          isOurs = true;
          if (end - at >= LARGE_BYTES && lent?.keep() === true) continue;
          bytes = copyOf(bytes, at, end);
          end -= at;
          at = 0;
        }
      }
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#part = noBytes;
    this.#have = 0;
    this.#scanner = undefined;
  }

  #hand(bytes: Uint8Array, start: number, end: number): void {
    if (uint16(bytes, start + 4) === MAGIC && this.#scanner === undefined) {
      this.#receiver.onFrame(bytes, start, end);
      return;
    }
    this.#scanner = undefined;
    this.#receiver.onHeaderless?.(bytes, start, end);
  }

  /** Bytes of what begins at `at`; 0 while that is not known. */
  #totalBytes(bytes: Uint8Array, at: number, end: number): number {
    const magic = uint16(bytes, at + 4);
    const createScanner = this.#createScanner;
    if (createScanner !== undefined && (this.#scanner !== undefined || uint16(bytes, at) === THRIFT)) {
      this.#scanner ??= createScanner();
      return this.#scan(this.#scanner, bytes, at, end);
    }
    const isFramed = createScanner !== undefined && magic === THRIFT;
    if (magic !== MAGIC && !isFramed) throw wrongMagic(magic);
    const length = int32(bytes, at) >>> 0;
    const least = isFramed ? MIN_MESSAGE_BYTES : FIXED_BYTES - 4;
    if (length < least) {
      throw new FrameError("truncated", `LENGTH is ${length}, at least ${least} was expected`);
    }
    if (length > this.#limits.maxFrameLength && this.#receiver.onOversize === undefined) {
      throw overLimit("frame", length + 4, "maxMessageBytes", this.#limits.maxMessageBytes);
    }
    return length + 4;
  }

  #scan(scanner: MessageScanner, bytes: Uint8Array, at: number, end: number): number {
    const total = scanner.scan(bytes, at, end);
    const { knownBytes } = scanner;
    if (knownBytes > this.#limits.maxFrameLength) {
      // It says no length, so it cannot be skipped.
      this.#receiver.onOversize?.({ sequenceId: 0, flags: 0, length: knownBytes });
      throw overLimit("message", knownBytes, "maxMessageBytes", this.#limits.maxMessageBytes);
    }
    return total;
  }

  /** Tells of a frame that is over the limit; its fixed part is at `at`. */
  #isOversize(bytes: Uint8Array, at: number, total: number): boolean {
    if (total - 4 <= this.#limits.maxFrameLength) return false;
    const hasHead = uint16(bytes, at + 4) === MAGIC;
    this.#receiver.onOversize?.({
      sequenceId: hasHead ? int32(bytes, at + 8) : 0,
      flags: hasHead ? uint16(bytes, at + 6) : 0,
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
    if (this.#have < PREFIX_BYTES) return at;
    const total = this.#totalBytes(this.#part, 0, this.#have);
    if (this.#scanner !== undefined) return this.#resumeScan(this.#scanner, bytes, at, total);
    if (this.#have < FIXED_BYTES) return at;
    if (this.#isOversize(this.#part, 0, total)) {
      this.#skip = total - this.#have;
    } else {
      at += this.#take(bytes, at, total);
      if (this.#have < total) return at;
    }
    const frame = this.#part;
    this.#part = noBytes;
    this.#have = 0;
    if (this.#skip === 0) this.#hand(frame, 0, total);
    return at;
  }

  /** The same for a message that says no length, of which `total` bytes are known to be all if it is not 0. */
  #resumeScan(scanner: MessageScanner, bytes: Uint8Array, start: number, total: number): number {
    let at = start;
    let length = total;
    if (length === 0) {
      at += this.#take(bytes, at, Math.max(this.#have + bytes.length - at, 2 * this.#part.length));
      length = this.#scan(scanner, this.#part, 0, this.#have);
      if (length === 0) return at;
    }
    // What came behind it is read again, from where it came.
    at -= this.#have - length;
    const message = this.#part;
    this.#part = noBytes;
    this.#have = 0;
    this.#hand(message, 0, length);
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

/** One class of array keeps loops fast; Node's sockets give Buffers. */
export function plainBytes(chunk: Uint8Array): Uint8Array {
  return chunk.constructor === Uint8Array
    ? chunk
    : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
