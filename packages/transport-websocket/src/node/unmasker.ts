import { applyMask, keyBytes } from "./mask.ts";

/** In the first byte of a head (RFC 6455, 5.2): of the opcodes, those from 8 are control frames. */
const final = 0x80;
const opcodeBits = 0x0f;
const control = 0x08;
const close = 0x08;
/** In the second. */
const masked = 0x80;
const lengthBits = 0x7f;
const maxHeadBytes = 14;

/**
 * Takes the masks off what a client sends, chunk by chunk before `ws` sees it, and leaves keys of zero in their place: with
 * such a key `ws` does nothing more, where it would go byte by byte. It checks nothing: `ws` does.
 */
export class Unmasker {
  /** The head of a frame, which may come in several chunks. */
  readonly #head = new Uint8Array(maxHeadBytes);
  #headLength = 0;
  readonly #key = new Uint8Array(keyBytes);
  #hasKey = false;
  /** Bytes of the frame's payload that came, and that it has. */
  #done = 0;
  #length = 0;
  /** A message began whose end is still to come, or a close: nothing may come after that. */
  #isInMessage = false;

  /** Whether the next byte begins a message, or may be one. */
  get isBetweenMessages(): boolean {
    return !this.#isInMessage && this.#headLength === 0 && this.#done === this.#length;
  }

  /** Changes the bytes of `chunk`. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      at = this.#done < this.#length ? this.#payload(chunk, at) : this.#headByte(chunk, at);
    }
  }

  #payload(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#length - this.#done);
    if (this.#hasKey) applyMask(chunk, at, end, this.#key, this.#done);
    this.#done += end - at;
    return end;
  }

  #headByte(chunk: Uint8Array, at: number): number {
    this.#head[this.#headLength++] = chunk[at] as number;
    const end = at + 1;
    if (this.#headLength >= 2 && this.#headLength === headBytes(this.#head)) this.#begin(chunk, end);
    return end;
  }

  #begin(chunk: Uint8Array, end: number): void {
    const head = this.#head;
    // A key that came in part with the chunk before, which `ws` has already, is left to `ws` and so is its payload.
    this.#hasKey = isMasked(head) && end >= keyBytes;
    if (this.#hasKey) {
      this.#key.set(chunk.subarray(end - keyBytes, end));
      chunk.fill(0, end - keyBytes, end);
    }
    const first = head[0] as number;
    if (!isControl(first)) this.#isInMessage = (first & final) === 0;
    else if ((first & opcodeBits) === close) this.#isInMessage = true;
    this.#headLength = 0;
    this.#done = 0;
    this.#length = payloadLength(head);
  }
}

function isControl(first: number): boolean {
  return (first & control) !== 0;
}

function isMasked(head: Uint8Array): boolean {
  return ((head[1] as number) & masked) !== 0;
}

/** How long a head is, by its first two bytes (RFC 6455, 5.2). */
function headBytes(head: Uint8Array): number {
  const length = (head[1] as number) & lengthBits;
  return 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + (isMasked(head) ? keyBytes : 0);
}

function payloadLength(head: Uint8Array): number {
  const length = (head[1] as number) & lengthBits;
  if (length < 126) return length;
  const view = new DataView(head.buffer);
  return length === 126 ? view.getUint16(2) : view.getUint32(2) * 2 ** 32 + view.getUint32(6);
}
