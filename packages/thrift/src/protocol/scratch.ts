/**
 * Eight bytes through which i64 and double pass as two 32-bit halves: cheaper than a DataView of every message, which has
 * to be made first.
 */
const memory = new ArrayBuffer(8);

export const scratchInts: Int32Array = new Int32Array(memory);
export const scratchDouble: Float64Array = new Float64Array(memory);
export const scratchBigInt: BigInt64Array = new BigInt64Array(memory);

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
/** Indexes into {@link scratchInts}. */
export const low: 0 | 1 = littleEndian ? 0 : 1;
export const high: 0 | 1 = littleEndian ? 1 : 0;
