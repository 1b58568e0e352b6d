// Bits of the flags field. Receivers ignore the bits they do not know.
export const none = 0x0000;
/** Set by clients that match replies by sequence id. */
export const outOfOrder = 0x0001;
/** A frame of a stream, not a ping-pong message. */
export const streaming = 0x0002;
export const duplexReverse = 0x0008;
export const sasl = 0x0010;
