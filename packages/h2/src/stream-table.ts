interface Identified {
  readonly id: number;
}

const MIN_SLOTS = 16;

/**
 * Streams by id: an array of slots at places that follow from the ids. Ids of a side go up in steps of two, so streams that live about as long never meet;
 * one that finds its slot taken by a longer-lived one goes into a map.
 *
 * Not a map alone: under many short streams its tables are replaced all the time, and what a young collection should free survives it (ten times the
 * pause, and nearly twice the CPU of a call, were measured).
 */
export class StreamTable<S extends Identified> {
  size = 0;
  #slots: (S | undefined)[] = new Array<S | undefined>(MIN_SLOTS).fill(undefined);
  #mask: number = MIN_SLOTS - 1;
  readonly #others: Map<number, S> = new Map();

  get(id: number): S | undefined {
    const stream = this.#slots[(id >>> 1) & this.#mask];
    if (stream !== undefined && stream.id === id) return stream;
    return this.#others.size === 0 ? undefined : this.#others.get(id);
  }

  add(stream: S): void {
    this.size++;
    if (this.size * 2 > this.#slots.length) this.#grow();
    this.#place(stream);
  }

  delete(stream: S): void {
    const at = (stream.id >>> 1) & this.#mask;
    if (this.#slots[at] === stream) this.#slots[at] = undefined;
    else if (!this.#others.delete(stream.id)) return;
    this.size--;
  }

  /** A copy, lowest id first: what is done with one stream may end others. */
  all(): S[] {
    const streams = this.#slots.filter((stream) => stream !== undefined);
    streams.push(...this.#others.values());
    return streams.sort((a, b) => a.id - b.id);
  }

  #place(stream: S): void {
    const at = (stream.id >>> 1) & this.#mask;
    if (this.#slots[at] === undefined) this.#slots[at] = stream;
    else this.#others.set(stream.id, stream);
  }

  #grow(): void {
    const streams = this.all();
    this.#slots = new Array<S | undefined>(this.#slots.length * 2).fill(undefined);
    this.#mask = this.#slots.length - 1;
    this.#others.clear();
    for (const stream of streams) this.#place(stream);
  }
}
