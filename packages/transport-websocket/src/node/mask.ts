/** Bytes of a masking key. */
export const keyBytes = 4;

/** Shorter ones are done by the time a view of their words is made. */
const fewBytes = 48;

const turned = new Uint8Array(keyBytes);
const turnedWord = new Int32Array(turned.buffer);

/**
 * Puts the mask of a WebSocket frame (RFC 6455, 5.3) on the bytes from `start` to `end`, or takes it off; `turn` bytes of
 * the payload were before them. Goes by words: `ws` goes by bytes, which takes ten times as long.
 */
export function applyMask(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: Uint8Array,
  turn: number,
): void {
  const shift = turn - start;
  let at = start;
  if (end - start >= fewBytes) {
    for (; ((bytes.byteOffset + at) & 3) !== 0; at++) maskByte(bytes, at, key, shift);
    for (let i = 0; i < keyBytes; i++) turned[i] = key[(shift + at + i) & 3] as number;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) >> 2);
    maskWords(words, turnedWord[0] as number);
    at += words.length * 4;
  }
  for (; at < end; at++) maskByte(bytes, at, key, shift);
}

function maskByte(bytes: Uint8Array, at: number, key: Uint8Array, shift: number): void {
  bytes[at] = (bytes[at] as number) ^ (key[(shift + at) & 3] as number);
}

/** Four in a step take half the time of one by one. */
function maskWords(words: Int32Array, key: number): void {
  const { length } = words;
  const inFours = length & ~3;
  let i = 0;
  for (; i < inFours; i += 4) {
    words[i] = (words[i] as number) ^ key;
    words[i + 1] = (words[i + 1] as number) ^ key;
    words[i + 2] = (words[i + 2] as number) ^ key;
    words[i + 3] = (words[i + 3] as number) ^ key;
  }
  for (; i < length; i++) words[i] = (words[i] as number) ^ key;
}
