/**
 * Streams that we reset lately: their peer may have sent more before it knew, and that is not held against it. Each id has one place, at its number modulo
 * the length, so that an id is forgotten only when as many streams have followed.
 */
export class ResetIds {
  readonly #length: number;
  #ids: Uint32Array | undefined;

  /** @param streams How many streams, at least, to remember. */
  constructor(streams: number) {
    this.#length = 2 ** Math.ceil(Math.log2(Math.min(streams, 65_536) + 16));
  }

  add(id: number): void {
    this.#ids ??= new Uint32Array(this.#length);
    this.#ids[(id >>> 1) & (this.#length - 1)] = id;
  }

  has(id: number): boolean {
    return this.#ids !== undefined && this.#ids[(id >>> 1) & (this.#length - 1)] === id;
  }
}
