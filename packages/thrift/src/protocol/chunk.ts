/** Small messages are cut out of chunks of this size, so that they cost a view and no allocation of their own. */
export const chunkBytes: number = 64 * 1024;
/** A message larger than this gets memory of its own: it would waste the rest of a chunk. */
export const ownBytes: number = 16 * 1024;
