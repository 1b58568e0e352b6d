import { allocate } from "@slipstream/stream";

const POOL_BYTES = 8 * 1024;
/** Up to this size copies share memory. */
const SHARED_BYTES = 2 * 1024;

let pool = new Uint8Array(0);
let poolEnd = 0;

/** A copy of `bytes[start, end)`. Small ones are made in shared memory: new memory costs more than to copy them. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const source = bytes.subarray(start, end);
  const copy = source.length <= SHARED_BYTES ? shared(source.length) : allocate(source.length);
  copy.set(source);
  return copy;
}

function shared(length: number): Uint8Array {
  if (length > pool.length - poolEnd) {
    pool = allocate(POOL_BYTES);
    poolEnd = 0;
  }
  const start = poolEnd;
  poolEnd += length;
  return pool.subarray(start, poolEnd);
}
