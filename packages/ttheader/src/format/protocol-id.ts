// What the payload is said to be. It never selects the codec: the payload's own magic does.
export const thriftBinary = 0x00;
export const thriftCompactV2 = 0x03;
export const kitexProtobuf = 0x04;
/** A bare Thrift struct: what streams carry. */
export const thriftStruct = 0x10;
export const protobufStruct = 0x11;
