import type { Release } from "./output.ts";

/** Where the bytes of a DATA frame go. */
export interface DataOutput {
  append(bytes: Uint8Array): void;
  /** Has `release` called with `bytes` when nothing that was appended so far is needed any more. */
  lend(bytes: Uint8Array, release: Release): void;
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly release: Release | undefined;
}

/** Bytes of one stream that wait for a window, in the pieces in which they were written. */
export class SendQueue {
  bytes = 0;
  #pieces: (Piece | undefined)[] = [];
  #first = 0;
  /** How much of the first piece has left. */
  #offset = 0;

  push(bytes: Uint8Array, release?: Release): void {
    this.#pieces.push({ bytes, release });
    this.bytes += bytes.length;
  }

  /** Moves the next `size` bytes, of which there must be as many. */
  take(size: number, output: DataOutput): void {
    this.bytes -= size;
    while (size > 0) {
      const { bytes, release } = this.#pieces[this.#first] as Piece;
      const end = Math.min(bytes.length, this.#offset + size);
      // Lent before its last bytes are appended, which may flush them.
      if (end === bytes.length && release !== undefined) output.lend(bytes, release);
      output.append(this.#offset === 0 && end === bytes.length ? bytes : bytes.subarray(this.#offset, end));
      size -= end - this.#offset;
      this.#offset = end;
      if (end === bytes.length) this.#shift();
    }
  }

  #shift(): void {
    this.#pieces[this.#first++] = undefined;
    this.#offset = 0;
    if (this.#first === this.#pieces.length) {
      this.#pieces = [];
      this.#first = 0;
    } else if (this.#first > 64 && this.#first * 2 > this.#pieces.length) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
