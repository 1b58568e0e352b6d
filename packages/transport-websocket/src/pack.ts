/** The most that shares a message, and what any peer must be ready to take. */
export const maxPackedBytes: number = 256 * 1024;

/** Bytes of LENGTH at the start of a frame, which counts what follows it. */
const lengthBytes = 4;

/**
 * Cuts what one turn of the event loop wrote, whole frames in each chunk, into messages of no more than `maxBytes`, unless
 * a single frame has more. One message costs a system call, one frame in it next to nothing.
 */
export function packFrames(chunks: readonly Uint8Array[], maxBytes: number): readonly Uint8Array[] {
  return chunks.some((chunk) => chunk.length > maxBytes)
    ? chunks.flatMap((chunk) => cutBetweenFrames(chunk, maxBytes))
    : chunks;
}

function cutBetweenFrames(bytes: Uint8Array, maxBytes: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  while (end < bytes.length) {
    const frameEnd = end + lengthBytes + lengthAt(bytes, end);
    if (frameEnd - start > maxBytes && end > start) {
      messages.push(bytes.subarray(start, end));
      start = end;
    }
    end = frameEnd;
  }
  messages.push(bytes.subarray(start));
  return messages;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}
