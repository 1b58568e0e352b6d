import type { Http2Stream } from "node:http2";

/** Pieces from here on leave as they are: copying them would cost more than another buffer in the write. */
export const byReferenceBytes = 4096;

/** Room for the first pieces of a turn; most streams that are calls need no more. */
const firstBytes = 1024;
const slabBytes = 64 * 1024;
const maxFreeSlabs = 16;
/** Used again once Node has written what is in them: new memory for every 64 KiB keeps the garbage collector busy. */
const freeSlabs: Uint8Array[] = [];

/** What a stream writes in one turn, put together for one call into Node: a call for each piece costs more than all the rest. */
export class TurnBuffer {
  /** All that was added. */
  bytes = 0;
  #room: Uint8Array = Buffer.allocUnsafe(firstBytes);
  #start = 0;
  #end = 0;
  readonly #chunks: Uint8Array[] = [];
  readonly #slabs: Uint8Array[] = [];

  /** Shorter pieces than {@link byReferenceBytes} are copied at once. */
  add(piece: Uint8Array): void {
    const { length } = piece;
    this.bytes += length;
    if (length >= byReferenceBytes) {
      this.#seal();
      this.#chunks.push(piece);
      return;
    }
    if (this.#end + length > this.#room.length) this.#takeSlab();
    this.#room.set(piece, this.#end);
    this.#end += length;
  }

  /** Nothing may be added afterwards. `done` is called when Node has written it, or will not. */
  writeTo(node: Http2Stream, done: () => void): void {
    this.#seal();
    const written = (error?: Error | null): void => {
      // Node may still hold what it did not write.
      if (!error) for (const slab of this.#slabs) if (freeSlabs.length < maxFreeSlabs) freeSlabs.push(slab);
      done();
    };
    const last = this.#chunks.pop();
    if (last === undefined) return;
    if (this.#chunks.length === 0) {
      node.write(last, written);
      return;
    }
    node.cork();
    for (const chunk of this.#chunks) node.write(chunk);
    node.write(last, written);
    node.uncork();
  }

  #takeSlab(): void {
    const slab = freeSlabs.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
    if (this.#slabs.length === 0 && this.#chunks.length === 0) {
      // What is there moves along: one piece costs Node less than two.
      slab.set(this.#room.subarray(0, this.#end));
    } else {
      this.#seal();
      this.#start = 0;
      this.#end = 0;
    }
    this.#room = slab;
    this.#slabs.push(slab);
  }

  #seal(): void {
    if (this.#end > this.#start) this.#chunks.push(this.#room.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
