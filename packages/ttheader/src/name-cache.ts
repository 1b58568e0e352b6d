import { readUtf8 } from "@slipstream/stream";

/** A power of two. */
const SLOTS = 512;
const MAX_BYTES = 64;

const names: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined);

/**
 * Reads a name that comes again with every call (a service, a method, a key of metainfo) without making another string
 * of it: comparing bytes costs less than decoding them, and the string's hash has been computed. What does not come
 * again is soon overwritten, so a peer that makes up names does no harm.
 */
export function readName(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 0) return "";
  if (length > MAX_BYTES) return readUtf8(bytes, start, end);
  const first = bytes[start] as number;
  const last = bytes[end - 1] as number;
  const middle = bytes[(start + end) >>> 1] as number;
  const slot = (length * 31 + first * 7 + middle * 17 + last * 101) & (SLOTS - 1);
  const name = names[slot];
  if (name !== undefined && isName(name, bytes, start, length)) return name;
  const read = readUtf8(bytes, start, end);
  names[slot] = read;
  return read;
}

/** Names in ASCII alone are found again; the others are read anew. */
function isName(name: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) {
    const unit = name.charCodeAt(i);
    if (unit !== bytes[start + i] || unit > 0x7f) return false;
  }
  return true;
}
