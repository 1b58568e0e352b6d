import { type Fields, RpcError, utf8Length } from "@slipstream/stream";

/** A UTF-16 unit is three bytes of UTF-8 at most. */
const maxBytesAUnit = 3;

/**
 * Counts keys and values of metainfo and metadata against one limit, on every transport the same.
 *
 * @throws RpcError `resource_exhausted` when they have more than `limit` bytes
 */
export function checkSize(
  what: string,
  limit: number,
  maps: readonly ReadonlyMap<string, string>[],
  fields: Fields,
): void {
  // Counting bytes costs more than sending them, and nearly always their lengths tell enough.
  if (sum(maps, fields, (text) => text.length) * maxBytesAUnit <= limit) return;
  const bytes = sum(maps, fields, utf8Length);
  if (bytes > limit) {
    throw new RpcError(
      "resource_exhausted",
      `${what} of ${bytes} bytes is over maxMetadataBytes (${limit}): send large values as messages`,
    );
  }
}

function sum(
  maps: readonly ReadonlyMap<string, string>[],
  fields: Fields,
  lengthOf: (text: string) => number,
): number {
  let length = 0;
  for (const values of maps) for (const [key, value] of values) length += lengthOf(key) + lengthOf(value);
  for (const [name, value] of fields) {
    length += lengthOf(name) + (typeof value === "string" ? lengthOf(value) : value.length);
  }
  return length;
}
