import { allocate } from "@slipstream/stream";
import { chunkBytes, ownBytes } from "./chunk.ts";

/*
 * Memory of messages and of values, used again where that is cheaper than new memory. Bundles for browsers have
 * memory-plain.ts instead.
 */

/** So much memory of large messages is kept for messages to come. */
const maxSpareBytes = 1024 * 1024;
const spares: Uint8Array<ArrayBuffer>[] = [];
let spareBytes = 0;

/** Memory of at least `size` bytes that one large message has for itself. */
export function messageMemory(size: number): Uint8Array<ArrayBuffer> {
  // Not a much larger one, which a small message that is kept would keep.
  const at = spares.findIndex((spare) => spare.length >= size && spare.length <= 4 * size);
  const [spare] = at < 0 ? [] : spares.splice(at, 1);
  if (spare === undefined) {
    // In steps, so that it serves others of about the same size; never like a chunk, from which it must be told.
    const steps = Math.ceil(size / ownBytes) * ownBytes;
    return allocate(steps === chunkBytes ? steps + ownBytes : steps);
  }
  spareBytes -= spare.length;
  return spare;
}

/** Takes back the memory of a large message that nobody uses any more. */
export function giveBack({ buffer, length }: Uint8Array): void {
  const { byteLength } = buffer;
  if (length <= ownBytes || byteLength === chunkBytes || spareBytes + byteLength > maxSpareBytes) return;
  spareBytes += byteLength;
  spares.push(new Uint8Array(buffer as ArrayBuffer));
}

/** Up to this size V8 keeps typed arrays on its heap, where slices are cheap. */
const sliceBytes = 64;
/** Copies up to this size share memory, as small Buffers do in Node: cheaper than memory of their own. */
const pooledBytes = 2 * 1024;
const poolBytes = 8 * 1024;
let pool: Uint8Array<ArrayBuffer> = new Uint8Array(0);
/** The memory of `pool`: to ask for it costs more than to make a view. */
let poolMemory: ArrayBuffer = pool.buffer;
let poolPos = 0;

/** A value that is a part of a message: a copy, or a view of a message that nobody else has when it is most of its memory. */
export function valueOf(bytes: Uint8Array, start: number, end: number, isOwned: boolean): Uint8Array {
  const size = end - start;
  if (size <= sliceBytes) return bytes.slice(start, end);
  const view = bytes.subarray(start, end);
  if (isOwned && 2 * size >= view.buffer.byteLength) return view;
  if (size > pooledBytes) return new Uint8Array(view);
  if (poolPos + size > pool.length) {
    pool = allocate(poolBytes);
    poolMemory = pool.buffer;
    poolPos = 0;
  }
  const at = poolPos;
  poolPos += size;
  pool.set(view, at);
  return new Uint8Array(poolMemory, at, size);
}
