import type { Http2Stream } from "node:http2";

/** Pieces from here on leave as they are: copying them would cost more than another buffer in the write. */
const byReferenceBytes = 4096;

/** Room for the first pieces of a turn. */
export const firstBytes = 1024;
const slabBytes = 64 * 1024;
const maxFreeSlabs = 16;
/** Used again once Node has written what is in them: new memory for every 64 KiB keeps the garbage collector busy. */
const freeSlabs: Uint8Array[] = [];

/** As much is kept of what was not written: a socket that holds more has a peer that reads nothing. */
const maxUnwrittenBytes = 64 * 1024 * 1024;

/**
 * What streams had not written when they ended. The socket may still be at a part of it, which Node lets go of then (seen in
 * Node 20): the peer would get whatever came to lie in its place. So it is kept until nothing of it can be on its way.
 */
export class Unwritten {
  #buffers: TurnBuffer[] = [];
  #bytes = 0;

  keep(buffer: TurnBuffer): void {
    this.#buffers.push(buffer);
    this.#bytes += buffer.bytes;
    while (this.#bytes > maxUnwrittenBytes) this.#bytes -= this.#buffers.shift()?.bytes ?? 0;
  }

  /** The socket has written all that it was given before. */
  forget(): void {
    if (this.#bytes === 0) return;
    this.#buffers = [];
    this.#bytes = 0;
  }
}

interface Lent {
  readonly piece: Uint8Array;
  readonly release: (piece: Uint8Array) => void;
}

/** What a stream writes in one turn, put together for one call into Node: a call for each piece costs more than all the rest. */
export class TurnBuffer {
  /** All that was added. */
  bytes = 0;
  #room: Uint8Array;
  #start = 0;
  #end = 0;
  readonly #chunks: Uint8Array[] = [];
  readonly #slabs: Uint8Array[] = [];
  readonly #lent: Lent[] = [];

  constructor(room: number) {
    this.#room = Buffer.allocUnsafe(room);
  }

  /** `release` hears when the piece is needed no more: a short one at once, for it is copied. */
  add(piece: Uint8Array, release?: (piece: Uint8Array) => void): void {
    const { length } = piece;
    this.bytes += length;
    if (length >= byReferenceBytes) {
      this.#seal();
      this.#chunks.push(piece);
      if (release !== undefined) this.#lent.push({ piece, release });
      return;
    }
    if (this.#end + length > this.#room.length) this.#takeSlab();
    this.#room.set(piece, this.#end);
    this.#end += length;
    release?.(piece);
  }

  /** Nothing may be added afterwards. `done` is called when Node has written it, or will not. */
  writeTo(node: Http2Stream, unwritten: Unwritten, done: () => void): void {
    this.#seal();
    const written = (error?: Error | null): void => {
      // Of a stream that is destroyed Node says so without an error.
      if (error || node.destroyed) {
        unwritten.keep(this);
      } else {
        unwritten.forget();
        this.#giveBack();
      }
      done();
    };
    const chunks = this.#chunks;
    const last = chunks[chunks.length - 1];
    if (last === undefined) return;
    if (chunks.length === 1) {
      node.write(last, written);
      return;
    }
    node.cork();
    for (let i = 0; i < chunks.length - 1; i++) node.write(chunks[i]);
    node.write(last, written);
    node.uncork();
  }

  #giveBack(): void {
    for (const slab of this.#slabs) if (freeSlabs.length < maxFreeSlabs) freeSlabs.push(slab);
    for (const { piece, release } of this.#lent) release(piece);
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
