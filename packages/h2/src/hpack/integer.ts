/**
 * Writes an integer after the bits of `first` (RFC 7541, 5.1); `mask` has ones for the bits of the prefix. At most five bytes more for 31 bits.
 * Returns where it ended.
 */
export function putInteger(
  bytes: Uint8Array,
  at: number,
  first: number,
  mask: number,
  value: number,
): number {
  if (value < mask) {
    bytes[at++] = first | value;
    return at;
  }
  bytes[at++] = first | mask;
  value -= mask;
  for (; value > 0x7f; value >>>= 7) bytes[at++] = (value & 0x7f) | 0x80;
  bytes[at++] = value;
  return at;
}
