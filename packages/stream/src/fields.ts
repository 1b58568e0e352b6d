/**
 * Header, trailer or metadata on the transport boundary: ordered, names keep their case, names may repeat. A value is
 * text, or bytes for what the application set as binary.
 */
export type Fields = readonly Field[];
export type Field = readonly [name: string, value: string | Uint8Array];

/** No fields; shared, so that the common case allocates nothing. */
export const noFields: Fields = Object.freeze([]);
