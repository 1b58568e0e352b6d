import { allocate } from "@slipstream/stream";
import type { FrameHead } from "./frame-head.ts";

const POOL_BYTES = 16 * 1024;

// Headers are small and many: memory of its own for each would cost more than the copy.
let pool: Uint8Array = allocate(POOL_BYTES);
let poolEnd = 0;

/** The sections of a header, kept for those who want them raw. */
export class HeaderBlock {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }
}

/** A copy of the sections of a frame, which are part of a chunk otherwise. */
export function keepSections({ bytes, sectionsStart: start, payloadStart: end }: FrameHead): HeaderBlock {
  const length = end - start;
  if (length > POOL_BYTES / 8) return new HeaderBlock(bytes.slice(start, end), 0, length);
  if (length > POOL_BYTES - poolEnd) {
    pool = allocate(POOL_BYTES);
    poolEnd = 0;
  }
  const at = poolEnd;
  poolEnd += length;
  pool.set(bytes.subarray(start, end), at);
  return new HeaderBlock(pool, at, poolEnd);
}
