/**
 * The numbers of a TTHeader frame. Source: cloudwego/gopkg `protocol/ttheader/{encode,decode,metakey}.go`
 * and Kitex v0.16.3 `pkg/remote/trans/ttstream/frame.go`.
 */

/** Bytes 4 and 5 of every frame. */
export const MAGIC = 0x1000;
/** Bytes before the header info: length, magic, flags, sequence id, header size. */
export const FIXED_BYTES = 14;
/** The longest header info: 65,535 words of four bytes. Kitex before v0.15.4 reads at most 65,532 bytes. */
export const MAX_HEADER_BYTES: number = 4 * 0xffff;
/** The longest key or value in a header. */
export const MAX_STRING_BYTES = 0xffff;

/** The string key that travels as a section of its own, {@link Section.aclToken}. */
export const ACL_TOKEN_KEY = "RPC_TRANSIT_gdpr-token";
