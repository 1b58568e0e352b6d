/** The entries of a dynamic table by age: each lies at its number modulo the length, a power of two. Few connections fill their table, so it starts small. */

const MIN_PLACES = 16;

export function emptyRing(): undefined[] {
  return new Array<undefined>(MIN_PLACES).fill(undefined);
}

/** A full one with as much room again; `next` is the number of the entry to come. */
export function twiceTheRing<T>(ring: readonly T[], next: number): (T | undefined)[] {
  const { length } = ring;
  const larger = new Array<T | undefined>(length * 2).fill(undefined);
  for (let n = next - length; n < next; n++) larger[n & (length * 2 - 1)] = ring[n & (length - 1)];
  return larger;
}
