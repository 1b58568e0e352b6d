const ttheaderMagic = 0x1000;

/** Cuts the bytes of one direction into TTHeader frames, if that is what they are. */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);
  #ttheader: boolean | undefined;

  cut(bytes: Buffer): Buffer[] {
    if (this.#ttheader === false) return [bytes];
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#rest.length < 8) return [];
    this.#ttheader ??= this.#rest.readUInt16BE(4) === ttheaderMagic;
    if (!this.#ttheader) return [this.#takeRest(this.#rest.length)];
    const frames: Buffer[] = [];
    while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readUInt32BE(0)) {
      frames.push(this.#takeRest(4 + this.#rest.readUInt32BE(0)));
    }
    return frames;
  }

  /** What came after the last whole frame. */
  rest(): Buffer[] {
    return this.#rest.length === 0 ? [] : [this.#takeRest(this.#rest.length)];
  }

  #takeRest(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}
