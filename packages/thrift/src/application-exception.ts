import { CodecFamily } from "./codec.ts";
import { encodeMessageHead, MessageType, readMessageHead } from "./message.ts";
import { struct } from "./struct.ts";
import { type Struct } from "./types.ts";

/** A `TApplicationException`: how a call fails outside of what its method declares. */
export interface ApplicationException {
  /** One of {@link ApplicationExceptionType}, or a number of the application. */
  readonly type: number;
  readonly message: string;
}

/** Numbers that Thrift and Kitex give a meaning (Kitex `pkg/remote/trans_errors.go`). */
export const ApplicationExceptionType = {
  unknown: 0,
  unknownMethod: 1,
  invalidMessageType: 2,
  wrongMethodName: 3,
  badSequenceId: 4,
  missingResult: 5,
  internalError: 6,
  protocolError: 7,
  invalidTransform: 8,
  invalidProtocol: 9,
  unsupportedClientType: 10,
  /** Kitex alone. */
  unknownService: 20,
  /** Kitex alone. */
  noServiceName: 21,
} as const;

const texts = [
  "unknown application exception",
  "unknown method",
  "invalid message type",
  "wrong method name",
  "bad sequence ID",
  "missing result",
  "unknown internal error",
  "unknown protocol error",
  "Invalid transform",
  "Invalid protocol",
  "Unsupported client type",
];

/** What Kitex shows for an exception that came without a text. */
export function defaultExceptionText(type: number): string {
  return texts[type] ?? `unknown exception type [${type}]`;
}

// Both fields are always written, and never another: Kitex reads past any other from a wrong offset and fails
// (gopkg `protocol/thrift/exception.go`).
const descriptor: Struct<ApplicationException> = struct("TApplicationException", (t) => [
  t.field(1, "message", t.string),
  t.field(2, "type", t.i32),
]);
// Interpreted: errors are rare, and code is not made for them.
const codec = new CodecFamily({ engine: "interpreted" }).codec(descriptor);

export function encodeApplicationException(exception: ApplicationException): Uint8Array {
  return codec.encode(exception);
}

/** @throws RpcError `internal` when the bytes are no struct */
export function decodeApplicationException(bytes: Uint8Array): ApplicationException {
  return codec.decode(bytes);
}

/** An EXCEPTION message: what ends a call, or a stream in its TRAILER and RST frames. */
export function encodeException(
  method: string,
  sequenceId: number,
  exception: ApplicationException,
): Uint8Array {
  const body = encodeApplicationException(exception);
  const head = encodeMessageHead(MessageType.exception, method, sequenceId);
  const message = new Uint8Array(head.length + body.length);
  message.set(head);
  message.set(body, head.length);
  return message;
}

/** Undefined when the bytes are no EXCEPTION message. Method and sequence id do not count, as in Kitex. */
export function decodeException(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): ApplicationException | undefined {
  const head = readMessageHead(bytes, start, end);
  if (head?.type !== MessageType.exception) return undefined;
  try {
    return decodeApplicationException(bytes.subarray(head.bodyStart, end));
  } catch {
    return undefined;
  }
}
