import { readUtf8, utf8Length, writeUtf8 } from "@slipstream/stream";
import { Fault } from "./fault.ts";
import { BinaryReader } from "./protocol/binary.ts";
import { CompactReader, CompactWriter } from "./protocol/compact.ts";
import type { Protocol } from "./protocol/protocol.ts";

/** Types of Thrift messages. */
export const MessageType = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;

/** What stands before the struct of a message. */
export interface MessageHead {
  /** One of {@link MessageType}, or whatever else the peer wrote. */
  readonly type: number;
  readonly method: string;
  readonly sequenceId: number;
  /** Where the struct begins. */
  readonly bodyStart: number;
}

export interface ThriftMessage {
  readonly type: number;
  readonly method: string;
  readonly sequenceId: number;
  /** The struct: arguments, a result, or an application exception. */
  readonly body: Uint8Array;
}

export interface EnvelopeOptions {
  /** @defaultValue "binary" */
  readonly protocol?: Protocol;
  /**
   * Whether the length of the message stands before it ("framed" transport).
   * @defaultValue false
   */
  readonly framed?: boolean;
}

const strictVersion = 0x8001;
const compactProtocol = 0x82;
const compactVersion = 1;

const options = { strictText: false, binaryViews: true, maxDepth: 64 };

/** Head and struct of a message in one piece; strict in the binary protocol. */
export function encodeMessage(
  message: ThriftMessage,
  { protocol, framed }: EnvelopeOptions = {},
): Uint8Array {
  const head =
    protocol === "compact"
      ? encodeCompactHead(message)
      : encodeMessageHead(message.type, message.method, message.sequenceId);
  const prefix = framed === true ? 4 : 0;
  const bytes = new Uint8Array(prefix + head.length + message.body.length);
  if (framed === true) putInt32(bytes, 0, bytes.length - 4);
  bytes.set(head, prefix);
  bytes.set(message.body, prefix + head.length);
  return bytes;
}

/**
 * Takes one whole message apart: framed or not, strict or old in the binary protocol, or compact; each is recognised. The
 * body is a view of `bytes`.
 * @throws RpcError `internal` when it is none of them
 */
export function decodeMessage(bytes: Uint8Array): ThriftMessage & Required<EnvelopeOptions> {
  // No other form begins with the length of the rest: an old one begins with the length of its name, which is less.
  const framed = bytes.length >= 4 && int32(bytes, 0) === bytes.length - 4;
  const inner = framed ? bytes.subarray(4) : bytes;
  const protocol = inner[0] === compactProtocol ? "compact" : "binary";
  try {
    const head = protocol === "compact" ? decodeCompactHead(inner) : decodeBinaryHead(inner);
    const { type, method, sequenceId, bodyStart } = head;
    return { type, method, sequenceId, body: inner.subarray(bodyStart), protocol, framed };
  } catch (error) {
    throw error instanceof Fault ? error.toRpcError("internal", "message") : error;
  }
}

/** The head of a strict message in the binary protocol, for whoever writes the struct behind it as it is. */
export function encodeMessageHead(type: number, method: string, sequenceId: number): Uint8Array {
  const nameBytes = utf8Length(method);
  const bytes = new Uint8Array(12 + nameBytes);
  putInt32(bytes, 0, (strictVersion << 16) | type);
  putInt32(bytes, 4, nameBytes);
  writeUtf8(bytes, method, 8);
  putInt32(bytes, 8 + nameBytes, sequenceId);
  return bytes;
}

/** Undefined when the bytes from `start` to `end` are no strict message in the binary protocol. */
export function readMessageHead(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): MessageHead | undefined {
  if (end - start < 12 || int32(bytes, start) >>> 16 !== strictVersion) return undefined;
  const nameBytes = int32(bytes, start + 4);
  if (nameBytes < 0 || nameBytes > end - start - 12) return undefined;
  const nameEnd = start + 8 + nameBytes;
  return {
    type: bytes[start + 3] as number,
    method: readUtf8(bytes, start + 8, nameEnd),
    sequenceId: int32(bytes, nameEnd),
    bodyStart: nameEnd + 4,
  };
}

function decodeBinaryHead(bytes: Uint8Array): MessageHead {
  const r = new BinaryReader(bytes, options);
  const first = r.i32();
  if (first < 0) {
    const head = readMessageHead(bytes);
    if (head === undefined) throw new Fault(`expected a strict Thrift message, got ${hex(bytes)}`);
    return head;
  }
  // Old form: name, type, sequence id.
  r.pos = 0;
  const method = r.string();
  const type = r.i8();
  const sequenceId = r.i32();
  return { type, method, sequenceId, bodyStart: r.pos };
}

function encodeCompactHead({ type, method, sequenceId }: ThriftMessage): Uint8Array {
  const w = new CompactWriter(options);
  w.begin();
  w.room(16);
  w.i8(compactProtocol);
  w.i8((type << 5) | compactVersion);
  w.varint(sequenceId);
  w.string(method);
  return w.take();
}

function decodeCompactHead(bytes: Uint8Array): MessageHead {
  const r = new CompactReader(bytes, options);
  r.i8();
  const second = r.i8() & 0xff;
  if ((second & 0x1f) !== compactVersion) throw new Fault(`expected compact version 1, got ${second & 0x1f}`);
  const sequenceId = r.varint() | 0;
  const method = r.string();
  return { type: second >> 5, method, sequenceId, bodyStart: r.pos };
}

function hex(bytes: Uint8Array): string {
  const digits = Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0"));
  return digits.length === 0 ? "nothing" : digits.join(" ");
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}
