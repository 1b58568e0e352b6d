/** Where the bytes of a DATA frame go. */
export interface DataOutput {
  append(bytes: Uint8Array): void;
}

/** Bytes of one stream that wait for a window, in the pieces in which they were written. */
export class SendQueue {
  bytes = 0;
  #pieces: (Uint8Array | undefined)[] = [];
  #first = 0;
  /** How much of the first piece has left. */
  #offset = 0;

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.bytes += piece.length;
  }

  /** Moves the next `size` bytes, of which there must be as many. */
  take(size: number, output: DataOutput): void {
    this.bytes -= size;
    while (size > 0) {
      const piece = this.#pieces[this.#first] as Uint8Array;
      const end = Math.min(piece.length, this.#offset + size);
      output.append(this.#offset === 0 && end === piece.length ? piece : piece.subarray(this.#offset, end));
      size -= end - this.#offset;
      this.#offset = end;
      if (end === piece.length) this.#shift();
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
