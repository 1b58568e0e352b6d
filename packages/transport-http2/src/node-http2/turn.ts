/** So much is written before the rest waits: little at first, so that the peer has something to do meanwhile, then more. */
const firstBytes = 8 * 1024;
const maxBytes = 256 * 1024;

/** What a header section counts, for all that Node does for one. */
export const sectionBytes = 256;

interface Waiting {
  readonly bytes: number;
  readonly tell: () => void;
}

/**
 * Divides long turns of a session. Node sends what was written in answer to what it read once all of that has been told, which
 * may be the messages of hundreds of streams: the peer would have nothing to do meanwhile, and this side nothing afterwards.
 * So when enough was written, the rest of what came is told in the next turn, in the order in which it came.
 */
export class Turn {
  #written = 0;
  #limit = firstBytes;
  #isScheduled = false;
  #waiting: Waiting[] = [];
  #later: (() => void)[] = [];
  #told = 0;

  wrote(bytes: number): void {
    this.#written += bytes;
    this.#schedule();
  }

  /** Calls `tell`, which tells of so many bytes that came, now or in a later turn. */
  tell(bytes: number, tell: () => void): void {
    if (this.#written < this.#limit && this.#waiting.length === 0) {
      tell();
      return;
    }
    this.#waiting.push({ bytes, tell });
    this.#schedule();
  }

  /** Calls `tell` when this turn is over, whatever waits. */
  tellLater(tell: () => void): void {
    this.#later.push(tell);
    this.#schedule();
  }

  /** Tells all that waits. */
  finish(): void {
    this.#tellUpTo(Number.POSITIVE_INFINITY);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#isScheduled = false;
    this.#written = 0;
    const later = this.#later;
    if (later.length > 0) {
      this.#later = [];
      for (const tell of later) tell();
    }
    if (this.#waiting.length === 0) {
      this.#limit = firstBytes;
      return;
    }
    this.#limit = Math.min(4 * this.#limit, maxBytes);
    this.#schedule();
    this.#tellUpTo(this.#limit);
  };

  #tellUpTo(limit: number): void {
    for (let bytes = 0; this.#told < this.#waiting.length && bytes < limit; ) {
      const next = this.#waiting[this.#told++] as Waiting;
      bytes += next.bytes;
      next.tell();
    }
    if (this.#told < this.#waiting.length) return;
    this.#waiting = [];
    this.#told = 0;
  }
}
