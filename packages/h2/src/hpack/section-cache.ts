import type { Section } from "../field.ts";

const ENTRIES = 8;
const MAX_BLOCK_BYTES = 512;

class CachedSection {
  bytes: Uint8Array = new Uint8Array(64);
  length = -1;
  generation = -1;
  section: Section | undefined;
}

/**
 * Short field blocks that were read lately. Most blocks of a connection are a few indexes, the same as those of the call before: while the table does not
 * change, equal bytes mean equal fields, so the section read then is given out again.
 */
export class SectionCache {
  readonly #entries: (CachedSection | undefined)[] = new Array<CachedSection | undefined>(ENTRIES).fill(
    undefined,
  );

  get(bytes: Uint8Array, start: number, end: number, generation: number): Section | undefined {
    const length = end - start;
    const entry = this.#entries[place(bytes, length, end)];
    if (entry === undefined || entry.length !== length || entry.generation !== generation) return undefined;
    const known = entry.bytes;
    for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return undefined;
    return entry.section;
  }

  /** `generation` is the table's, before and after the block. */
  set(bytes: Uint8Array, start: number, end: number, generation: number, section: Section): void {
    const length = end - start;
    if (length > MAX_BLOCK_BYTES) return;
    const at = place(bytes, length, end);
    const entry = (this.#entries[at] ??= new CachedSection());
    if (entry.bytes.length < length) entry.bytes = new Uint8Array(MAX_BLOCK_BYTES);
    for (let i = 0; i < length; i++) entry.bytes[i] = bytes[start + i] as number;
    entry.length = length;
    entry.generation = generation;
    entry.section = section;
  }
}

function place(bytes: Uint8Array, length: number, end: number): number {
  return (length + (length > 0 ? (bytes[end - 1] as number) : 0)) & (ENTRIES - 1);
}
