/** The most that shares a message of a server, and what any peer must be ready to take. */
export const maxPackedBytes: number = 256 * 1024;

/** The most that shares a message of a client: masking, most of the cost, is a tenth cheaper a byte than in long ones. */
export const maxMaskedBytes: number = 16 * 1024;

/** Bytes of LENGTH at the start of a frame, which counts what follows it. */
const lengthBytes = 4;

/**
 * Puts what one turn of the event loop wrote into few messages: whole frames only, and no more bytes in a message than
 * `maxBytes` unless a single frame has more. One message costs a system call, one frame in it next to nothing.
 */
export function packFrames(chunks: readonly Uint8Array[], maxBytes: number): Uint8Array[] {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const [first] = chunks;
  if (total <= maxBytes) return chunks.length === 1 && first ? [first] : [join(chunks, total)];
  const bytes = join(chunks, total);
  const messages: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  while (end < total) {
    const frameEnd = end + lengthBytes + lengthAt(bytes, end);
    if (frameEnd - start > maxBytes && end > start) {
      messages.push(bytes.subarray(start, end));
      start = end;
    }
    end = frameEnd;
  }
  messages.push(bytes.subarray(start, total));
  return messages;
}

function join(chunks: readonly Uint8Array[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}
