const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const INVALID = 255;
const sextets = new Uint8Array(128).fill(INVALID);
for (let i = 0; i < alphabet.length; i++) sextets[alphabet.charCodeAt(i)] = i;

/** The bytes in standard base64 without padding, as gRPC writes `-bin` metadata. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const triple = (byte(bytes, i) << 16) | (byte(bytes, i + 1) << 8) | byte(bytes, i + 2);
    text += letter(triple >> 18) + letter(triple >> 12) + letter(triple >> 6) + letter(triple);
  }
  if (i + 1 === bytes.length) {
    const single = byte(bytes, i);
    text += letter(single >> 2) + letter(single << 4);
  } else if (i + 2 === bytes.length) {
    const pair = (byte(bytes, i) << 8) | byte(bytes, i + 1);
    text += letter(pair >> 10) + letter(pair >> 4) + letter(pair << 2);
  }
  return text;
}

/** The bytes of standard base64, padded or not; `undefined` when `text` is not that. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const length = lengthWithoutPadding(text);
  if (length === undefined || length % 4 === 1) return undefined;
  const bytes = new Uint8Array((length * 3) >> 2);
  let bits = 0;
  let available = 0;
  let written = 0;
  for (let i = 0; i < length; i++) {
    const sextet = sextets[text.charCodeAt(i)] ?? INVALID;
    if (sextet === INVALID) return undefined;
    bits = ((bits << 6) | sextet) & 0xffffff;
    available += 6;
    if (available >= 8) {
      available -= 8;
      bytes[written++] = bits >> available;
    }
  }
  return bytes;
}

/** Padding is optional, but when there is some it has to fill the last group. */
function lengthWithoutPadding(text: string): number | undefined {
  if (!text.endsWith("=")) return text.length;
  if (text.length % 4 !== 0) return undefined;
  return text.endsWith("==") ? text.length - 2 : text.length - 1;
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}

function letter(sextet: number): string {
  return alphabet.charAt(sextet & 63);
}
