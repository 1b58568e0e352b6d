const MIN_SLOTS = 16;
/** 2^32 over the golden ratio: multiples of it spread evenly, those of ids in a row, too. */
const SPREAD = 0x9e3779b1;

/**
 * Things by their 32-bit id, for ids that come and go by the thousand a second: slots in one array, probed from where the
 * id belongs. A `Map` under that churn makes nearly everything survive young garbage collections.
 *
 * Ids in a row do not lie in a row: ids that come round to thousands that stay would have to be probed past all of them.
 */
export class SlotTable<T extends { readonly id: number }> {
  #slots: (T | undefined)[] = new Array<T | undefined>(MIN_SLOTS).fill(undefined);
  #mask = MIN_SLOTS - 1;
  #shift = Math.clz32(MIN_SLOTS - 1);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let at = this.#home(id); ; at = (at + 1) & mask) {
      const entry = slots[at];
      if (entry === undefined || entry.id === id) return entry;
    }
  }

  /** Adds an entry; its id must not be in the table. */
  add(entry: T): void {
    // Half empty at least, so that probing stays short.
    if (++this.#size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#place(entry);
  }

  delete(id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = this.#home(id);
    for (; ; at = (at + 1) & mask) {
      const entry = slots[at];
      if (entry === undefined) return;
      if (entry.id === id) break;
    }
    this.#size--;
    slots[at] = undefined;
    // Entries behind the gap that were pushed on by it move up, or they would not be found.
    for (let next = (at + 1) & mask; ; next = (next + 1) & mask) {
      const entry = slots[next];
      if (entry === undefined) break;
      const home = this.#home(entry.id);
      if (((next - home) & mask) >= ((next - at) & mask)) {
        slots[at] = entry;
        slots[next] = undefined;
        at = next;
      }
    }
    if (this.#size === 0 && slots.length > 1024) this.#resize(MIN_SLOTS);
  }

  /** All entries, in no order; the table may change meanwhile. */
  values(): T[] {
    return this.#slots.filter((entry) => entry !== undefined);
  }

  #home(id: number): number {
    return Math.imul(id, SPREAD) >>> this.#shift;
  }

  #place(entry: T): void {
    const slots = this.#slots;
    let at = this.#home(entry.id);
    while (slots[at] !== undefined) at = (at + 1) & this.#mask;
    slots[at] = entry;
  }

  #resize(length: number): void {
    const entries = this.values();
    this.#slots = new Array<T | undefined>(length).fill(undefined);
    this.#mask = length - 1;
    this.#shift = Math.clz32(length - 1);
    for (const entry of entries) this.#place(entry);
  }
}
