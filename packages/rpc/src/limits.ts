import { type Fields, RpcError, utf8Length } from "@slipstream/stream";

/** A UTF-16 unit is three bytes of UTF-8 at most. */
const maxBytesAUnit = 3;

/** Whether texts and bytes are too few to be over a limit, told by their lengths alone: counting costs more than sending them. */
export function isFarBelow(
  limit: number,
  maps: readonly ReadonlyMap<string, string>[],
  fields: Fields,
): boolean {
  let units = 0;
  for (const values of maps) for (const [key, value] of values) units += key.length + value.length;
  for (const [name, value] of fields) units += name.length + value.length;
  return units * maxBytesAUnit <= limit;
}

/** Counts keys and values against one limit, on every transport the same. */
export class MetadataBudget {
  #bytes = 0;

  map(values: ReadonlyMap<string, string>): this {
    for (const [key, value] of values) this.#bytes += utf8Length(key) + utf8Length(value);
    return this;
  }

  fields(fields: Fields): this {
    for (const [name, value] of fields) {
      this.#bytes += utf8Length(name) + (typeof value === "string" ? utf8Length(value) : value.byteLength);
    }
    return this;
  }

  /** @throws RpcError `resource_exhausted` when more than `limit` bytes were counted. */
  check(what: string, limit: number): void {
    if (this.#bytes > limit) {
      throw new RpcError(
        "resource_exhausted",
        `${what} of ${this.#bytes} bytes is over maxMetadataBytes (${limit}): send large values as messages`,
      );
    }
  }
}
