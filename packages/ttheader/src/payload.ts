import { encodeMessageHead } from "@slipstream/thrift";
import { FrameError } from "./frame-error.ts";
import { int32, uint16 } from "./frame-head.ts";

/**
 * How a ping-pong message is wrapped: a bare Thrift message, one with a length before it, or Kitex's own
 * Protobuf message, which always has one. A server answers in the form of the request.
 */
export type PayloadForm = "thrift" | "framed" | "kitex-protobuf";

/**
 * How a client writes ping-pong requests: a bare or a framed message in a TTHeader frame, or the same without TTHeader,
 * where nothing else than the message travels.
 */
export type PingPongForm = "ttheader" | "ttheader-framed" | "framed" | "binary";

/** Where the message lies in the payload, its framed length left out. */
export interface Payload {
  readonly form: PayloadForm;
  readonly start: number;
  readonly end: number;
}

const THRIFT = 0x8001;
const KITEX_PROTOBUF = 0x9001;

/**
 * Tells the form of a ping-pong payload, from its own magic as Kitex does: the protocol id of the header
 * does not count. It reads a payload inside TTHeader and a bare Framed message alike.
 *
 * @throws FrameError when it is none of the forms, or the framed length is not that of the message.
 */
export function readPayload(bytes: Uint8Array, start: number, end: number): Payload {
  if (end - start >= 4 && uint16(bytes, start) === THRIFT) return { form: "thrift", start, end };
  if (end - start < 8) {
    throw new FrameError("truncated", `a payload of ${end - start} bytes holds no Thrift message`);
  }
  const magic = uint16(bytes, start + 4);
  if (magic !== THRIFT && magic !== KITEX_PROTOBUF) {
    throw new FrameError(
      "unknown",
      "payload is neither strict Thrift binary (80 01), nor framed Thrift, nor Kitex Protobuf (90 01)",
    );
  }
  const length = ((uint16(bytes, start) << 16) | uint16(bytes, start + 2)) >>> 0;
  if (length !== end - start - 4) {
    throw new FrameError("truncated", `framed length is ${length}, the message has ${end - start - 4} bytes`);
  }
  return { form: magic === THRIFT ? "framed" : "kitex-protobuf", start: start + 4, end };
}

/**
 * Where the struct of the expected message begins, when the payload is just that: strict, unframed, of this type and method
 * (in ASCII). -1 when it is anything else. The message's id stands right before it.
 */
export function findBody(
  type: number,
  method: string,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { length } = method;
  const bodyStart = start + 12 + length;
  if (
    bodyStart > end ||
    int32(bytes, start) !== ((THRIFT << 16) | type) ||
    int32(bytes, start + 4) !== length
  ) {
    return -1;
  }
  for (let i = 0; i < length; i++) {
    const unit = method.charCodeAt(i);
    if (unit !== bytes[start + 8 + i] || unit > 0x7f) return -1;
  }
  return bodyStart;
}

/** What stands before the struct of a message: its length, if it is framed, and the head. */
export function encodeEnvelope(
  form: PayloadForm,
  type: number,
  method: string,
  sequenceId: number,
  bodyBytes: number,
): Uint8Array {
  const head = encodeMessageHead(type, method, sequenceId);
  return form === "framed" ? withLength(head, bodyBytes) : head;
}

/** Puts the length of a message before its beginning, which is followed by `restBytes` more. */
export function withLength(beginning: Uint8Array, restBytes = 0): Uint8Array {
  const framed = new Uint8Array(4 + beginning.length);
  new DataView(framed.buffer).setUint32(0, beginning.length + restBytes);
  framed.set(beginning, 4);
  return framed;
}
