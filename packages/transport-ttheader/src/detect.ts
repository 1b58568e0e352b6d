/** LENGTH, then 0x1000. */
const HEAD_BYTES = 6;
/** A frame of a gigabyte is no frame; and no text begins with a byte below this. */
const MAX_FIRST_BYTE = 0x20;

/** Whether a connection that starts with these bytes speaks TTHeader. */
export function detectTtheader(head: Uint8Array): "yes" | "no" | "more" {
  if (head.length === 0) return "more";
  if ((head[0] as number) >= MAX_FIRST_BYTE) return "no";
  if (head.length > 4 && head[4] !== 0x10) return "no";
  if (head.length < HEAD_BYTES) return "more";
  return head[5] === 0x00 ? "yes" : "no";
}
