/** LENGTH, then 0x1000 or the version of a Thrift message. */
const HEAD_BYTES = 6;
/** A message of half a gigabyte is none; and no text begins with a byte below this. */
const MAX_FIRST_BYTE = 0x20;

/**
 * Whether a connection that starts with these bytes speaks TTHeader, or Thrift without it: Framed (a length before the
 * message), or plain, where a strict message begins at once.
 */
export function detectTtheader(head: Uint8Array): "yes" | "no" | "more" {
  const [first, second, , , fifth, sixth] = head;
  if (first === undefined) return "more";
  if (first === 0x80) return second === undefined ? "more" : second === 0x01 ? "yes" : "no";
  if (first >= MAX_FIRST_BYTE) return "no";
  if (fifth !== undefined && fifth !== 0x10 && fifth !== 0x80) return "no";
  if (head.length < HEAD_BYTES) return "more";
  return sixth === (fifth === 0x10 ? 0x00 : 0x01) ? "yes" : "no";
}
