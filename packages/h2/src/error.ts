/** Error codes of RST_STREAM and GOAWAY (RFC 9113, 7). On the wire any unsigned 32-bit number may come. */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

const NAMES = Object.keys(ErrorCode);

/** The name in RFC 9113, or the number in hex for a code that it does not have. */
export function errorCodeName(code: number): string {
  return NAMES[code] ?? `0x${code.toString(16)}`;
}

/** What goes wrong in a session: a rule of HTTP/2 broken by the peer or by the caller, a limit passed, a link lost. */
export class H2Error extends Error {
  override readonly name = "H2Error";
  /** The code that the peer was told, or told us. */
  readonly code: number;
  /** The stream that failed; 0 when it is the connection. */
  readonly streamId: number;

  constructor(code: number, message: string, streamId = 0) {
    super(message);
    this.code = code;
    this.streamId = streamId;
  }
}
