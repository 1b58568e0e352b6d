const encoder = new TextEncoder();
const decoder = new TextDecoder();
const plain = /^(?:[\x21-\x24\x26-\x7e](?:[\x20-\x24\x26-\x7e]*[\x21-\x24\x26-\x7e])?)?$/;

/**
 * Text as the value of `grpc-message`: UTF-8, every byte outside of 0x20 to 0x7E and `%` itself percent-encoded; blanks at
 * the ends, too, which HTTP takes off a value.
 */
export function encodeMessage(text: string): string {
  if (plain.test(text)) return text;
  let encoded = "";
  const bytes = encoder.encode(text);
  for (const [at, byte] of bytes.entries()) {
    const isEdge = at === 0 || at === bytes.length - 1;
    const isPlain = byte > 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded +=
      isPlain || (byte === 0x20 && !isEdge)
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** Reads `grpc-message`. A broken escape stays as it is. */
export function decodeMessage(value: string): string {
  if (!value.includes("%")) return value;
  const bytes: number[] = [];
  const source = encoder.encode(value);
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] as number;
    const escape =
      byte === 0x25 ? /^[0-9a-fA-F]{2}$/.exec(String.fromCharCode(...source.subarray(i + 1, i + 3))) : null;
    if (escape) {
      bytes.push(Number.parseInt(escape[0], 16));
      i += 2;
    } else {
      bytes.push(byte);
    }
  }
  return decoder.decode(Uint8Array.from(bytes));
}
