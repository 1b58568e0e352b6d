import { allocate } from "@slipstream/stream";

/*
 * What memory.ts does, for pages, which are small: memory is not kept for later.
 */

export const messageMemory: (size: number) => Uint8Array<ArrayBuffer> = allocate;

export function giveBack(_message: Uint8Array): void {}

export function valueOf(bytes: Uint8Array, start: number, end: number, isOwned: boolean): Uint8Array {
  return isOwned && 2 * (end - start) >= bytes.buffer.byteLength
    ? bytes.subarray(start, end)
    : bytes.slice(start, end);
}
