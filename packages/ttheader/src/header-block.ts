import { allocate } from "@slipstream/stream";
import type { FrameHead } from "./frame-head.ts";

const POOL_BYTES = 16 * 1024;

// Headers are small and many: memory of its own for each would cost more than the copy.
let pool: Uint8Array = allocate(POOL_BYTES);
let poolWords = wordsOf(pool);
let poolEnd = 0;

/** The sections of a header, kept for those who want them raw. */
export class HeaderBlock {
  readonly bytes: Uint8Array;
  /** The same bytes, to be compared four at a time. */
  readonly words: DataView;
  readonly start: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length, words: DataView = wordsOf(bytes)) {
    this.bytes = bytes;
    this.words = words;
    this.start = start;
    this.end = end;
  }
}

/** A copy of the sections of a frame, which are part of a chunk otherwise. */
export function keepSections({ bytes, sectionsStart: start, payloadStart: end }: FrameHead): HeaderBlock {
  const length = end - start;
  if (length > POOL_BYTES / 8) return new HeaderBlock(bytes.slice(start, end));
  if (length > POOL_BYTES - poolEnd) {
    pool = allocate(POOL_BYTES);
    poolWords = wordsOf(pool);
    poolEnd = 0;
  }
  const at = poolEnd;
  poolEnd += length;
  pool.set(bytes.subarray(start, end), at);
  return new HeaderBlock(pool, at, poolEnd, poolWords);
}

/** Whether the sections of a frame are those of `block`, so that what they say is known. */
export function hasSections(head: FrameHead, block: HeaderBlock): boolean {
  const { bytes, sectionsStart, payloadStart } = head;
  if (payloadStart - sectionsStart !== block.end - block.start) return false;
  const { words } = head;
  const known = block.words;
  const offset = block.start - sectionsStart;
  // From the end: the method, and values that change from call to call, stand behind those that do not.
  let at = payloadStart - 4;
  for (; at >= sectionsStart; at -= 4) if (known.getInt32(at + offset) !== words.getInt32(at)) return false;
  for (at += 3; at >= sectionsStart; at--) if (block.bytes[at + offset] !== bytes[at]) return false;
  return true;
}

function wordsOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
