export { decodeBase64 as fromBase64, encodeBase64 as toBase64 } from "@slipstream/metainfo";

declare const TextEncoder: new () => {
  encodeInto(text: string, into: Uint8Array): { written: number };
};
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Up to so many bytes, letters one by one cost less than a decoder. */
const shortTextBytes = 16;

/** Writes `text` at `at` as UTF-8, where there is room for it, and returns the number of bytes. */
export function writeUtf8(bytes: Uint8Array, text: string, at: number): number {
  return encoder.encodeInto(text, bytes.subarray(at)).written;
}

/** Reads UTF-8; what is none becomes U+FFFD. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= shortTextBytes) {
    let text = "";
    let at = start;
    for (let byte = bytes[at]; at < end && byte !== undefined && byte < 0x80; byte = bytes[++at]) {
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  return decoder.decode(bytes.subarray(start, end));
}

/** Bytes of `text` in UTF-8; half of a surrogate pair counts as the U+FFFD that is written for it. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // A pair is two units and four bytes: two were counted with the length.
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++;
  }
  return length;
}

/** Memory to be written over: not zeroed where the platform allows it. */
export function allocate(byteLength: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(byteLength);
}
