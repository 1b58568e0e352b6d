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

/** Bits of the flags field. Receivers ignore the bits they do not know. */
export const Flag = {
  none: 0x0000,
  /** Set by clients that match replies by sequence id. */
  outOfOrder: 0x0001,
  /** A frame of a stream, not a ping-pong message. */
  streaming: 0x0002,
  duplexReverse: 0x0008,
  sasl: 0x0010,
} as const;

/** What the payload is said to be. It never selects the codec: the payload's own magic does. */
export const ProtocolId = {
  thriftBinary: 0x00,
  thriftCompactV2: 0x03,
  kitexProtobuf: 0x04,
  /** A bare Thrift struct: what streams carry. */
  thriftStruct: 0x10,
  protobufStruct: 0x11,
} as const;

/** What a streaming frame is: the value of integer key 27, as one decimal digit. */
export const FrameKind = {
  /** Not a streaming frame. */
  none: 0,
  meta: 1,
  header: 2,
  data: 3,
  trailer: 4,
  rst: 5,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Integer keys of the header that somebody reads. Values are text. */
export const IntKey = {
  transportType: 1,
  logId: 2,
  fromService: 3,
  toService: 6,
  toMethod: 9,
  /** Milliseconds, decimal. */
  rpcTimeout: 12,
  connectTimeout: 17,
  fromMethod: 20,
  messageType: 22,
  frameKind: 27,
} as const;

/** Ids of the sections in the header info. */
export const Section = {
  padding: 0x00,
  strings: 0x01,
  ints: 0x10,
  aclToken: 0x11,
} as const;

/** The string key that travels as a section of its own, {@link Section.aclToken}. */
export const ACL_TOKEN_KEY = "RPC_TRANSIT_gdpr-token";
