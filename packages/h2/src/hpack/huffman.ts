/** The Huffman code of RFC 7541, appendix B. */

import { ErrorCode, H2Error } from "../error.ts";
import { allocate } from "../platform.ts";

/** The code is canonical (shorter codes first, equal lengths by symbol), so that the lengths of the 256 symbols and EOS are all of it. */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const EOS = 256;

const CODES = new Uint32Array(257);
{
  const order = LENGTHS.map((length, symbol) => ({ length, symbol }));
  order.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let code = 0;
  let last = 0;
  for (const { length, symbol } of order) {
    code <<= length - last;
    last = length;
    CODES[symbol] = code++;
  }
}

/**
 * The decoder reads four bits at a time. A state is a place in the tree of codes; an entry for a state and four bits has the next state (8 bits), a
 * symbol that ended (8 bits), and whether one did or the bits were EOS.
 */
const STEPS = new Uint32Array(256 * 16);
const SYMBOL = 0x10000;
const INVALID = 0x20000;
/** Whether a string may end in a state: what came of a code is at most seven ones (RFC 7541, 5.2). */
const ENDS = new Uint8Array(256);
{
  interface Leaf {
    readonly symbol: number;
  }
  type Node = [number | Leaf | undefined, number | Leaf | undefined];
  const tree: Node[] = [[undefined, undefined]];
  const node = (at: number): Node => tree[at] as Node;
  for (const [symbol, length] of LENGTHS.entries()) {
    const code = CODES[symbol] as number;
    let at = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const side = ((code >>> bit) & 1) as 0 | 1;
      const next = node(at)[side];
      if (typeof next === "number") at = next;
      else at = node(at)[side] = tree.push([undefined, undefined]) - 1;
    }
    node(at)[(code & 1) as 0 | 1] = { symbol };
  }
  for (let state = 0; state < tree.length; state++) {
    for (let bits = 0; bits < 16; bits++) {
      let at = state;
      let step = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const next = node(at)[((bits >>> bit) & 1) as 0 | 1];
        if (typeof next === "number") {
          at = next;
        } else {
          step |= next === undefined || next.symbol === EOS ? INVALID : SYMBOL | (next.symbol << 8);
          at = 0;
        }
      }
      STEPS[state * 16 + bits] = step | at;
    }
  }
  let at: number | Leaf | undefined = 0;
  for (let ones = 0; ones < 8 && typeof at === "number"; ones++) {
    ENDS[at] = 1;
    at = node(at)[1];
  }
}

/** How many bytes the text takes; its characters are all below 0x80. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += LENGTHS[text.charCodeAt(i)] as number;
  return (bits + 7) >>> 3;
}

/** Writes text whose characters are all below 0x80. Returns where it ended. */
export function putHuffman(bytes: Uint8Array, at: number, text: string): number {
  let held = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i);
    const length = LENGTHS[symbol] as number;
    const code = CODES[symbol] as number;
    // At most 7 bits are held: 23 more may not fit into 32, so long codes go in two parts.
    if (length > 24) {
      held = (held << (length - 16)) | (code >>> 16);
      bits += length - 16;
      for (; bits >= 8; bits -= 8) bytes[at++] = held >>> (bits - 8);
      held = (held << 16) | (code & 0xffff);
      bits += 16;
    } else {
      held = (held << length) | code;
      bits += length;
    }
    for (; bits >= 8; bits -= 8) bytes[at++] = held >>> (bits - 8);
  }
  if (bits > 0) bytes[at++] = (held << (8 - bits)) | (0xff >>> bits);
  return at;
}

/** Where `decodeHuffman` puts the text. */
export let huffmanOutput: Uint8Array = allocate(4096);

/**
 * Decodes into {@link huffmanOutput}, which the next call overwrites, and returns the length of the text.
 *
 * @throws H2Error COMPRESSION_ERROR for EOS, and for padding that is not the start of EOS or is longer than seven bits.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): number {
  // The shortest codes have five bits, so twice as many bytes are always enough.
  if ((end - start) * 2 > huffmanOutput.length) huffmanOutput = allocate((end - start) * 2);
  const output = huffmanOutput;
  let length = 0;
  let state = 0;
  let seen = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    let step = STEPS[(state << 4) | (byte >>> 4)] as number;
    if ((step & SYMBOL) !== 0) output[length++] = step >>> 8;
    seen |= step;
    step = STEPS[((step & 0xff) << 4) | (byte & 15)] as number;
    if ((step & SYMBOL) !== 0) output[length++] = step >>> 8;
    seen |= step;
    state = step & 0xff;
  }
  if ((seen & INVALID) !== 0 || ENDS[state] === 0) {
    throw new H2Error(ErrorCode.COMPRESSION_ERROR, "a Huffman-coded string is not valid (RFC 7541, 5.2)");
  }
  return length;
}
