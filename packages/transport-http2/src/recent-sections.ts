import type { Fields as H2Fields } from "@slipstream/h2";

const places = 4;

/**
 * What was read from the sections that came last on a connection. Most calls bring the same as others before, and sessions then
 * give out the same list again: so it is known by its identity. No map: under churn it costs more than reading again.
 */
export class RecentSections<T> {
  readonly #sections: (H2Fields | undefined)[] = new Array<undefined>(places).fill(undefined);
  readonly #results: (T | undefined)[] = new Array<undefined>(places).fill(undefined);
  #next = 0;

  get(section: H2Fields): T | undefined {
    for (let i = 0; i < places; i++) if (this.#sections[i] === section) return this.#results[i];
    return undefined;
  }

  add(section: H2Fields, result: T): void {
    const at = this.#next++ % places;
    this.#sections[at] = section;
    this.#results[at] = result;
  }
}
