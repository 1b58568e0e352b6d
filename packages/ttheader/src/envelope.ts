import { allocate, readText, writeText } from "./platform.ts";

/** Thrift message types. */
export const MessageType = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;

/** The head of a strict Thrift binary message. */
export interface MessageHead {
  readonly type: number;
  readonly method: string;
  readonly sequenceId: number;
  /** Where the struct begins. */
  readonly bodyStart: number;
}

/** A `TApplicationException` as it travels. */
export interface ApplicationException {
  readonly type: number;
  readonly message: string;
}

const VERSION = 0x8001;
const STOP = 0;
const I32 = 8;
const STRING = 11;

/** Version, type, name and sequence id: what stands before the struct of a message. */
export function encodeMessageHead(type: number, method: string, sequenceId: number): Uint8Array {
  const bytes = allocate(12 + 3 * method.length);
  return bytes.subarray(0, putMessageHead(bytes, type, method, sequenceId));
}

/** Undefined when the bytes are no strict Thrift binary message. */
export function readMessageHead(bytes: Uint8Array, start: number, end: number): MessageHead | undefined {
  if (end - start < 12 || int32(bytes, start) >>> 16 !== VERSION) return undefined;
  const nameBytes = int32(bytes, start + 4);
  if (nameBytes < 0 || nameBytes > end - start - 12) return undefined;
  const nameEnd = start + 8 + nameBytes;
  return {
    type: bytes[start + 3] as number,
    method: readText(bytes, start + 8, nameEnd),
    sequenceId: int32(bytes, nameEnd),
    bodyStart: nameEnd + 4,
  };
}

/**
 * An EXCEPTION message. It has exactly the fields 1 and 2: Kitex skips any other from a wrong offset and fails
 * (gopkg `protocol/thrift/exception.go`).
 */
export function encodeException(
  method: string,
  sequenceId: number,
  exception: ApplicationException,
): Uint8Array {
  const bytes = allocate(12 + 3 * method.length + 15 + 3 * exception.message.length);
  let at = putMessageHead(bytes, MessageType.exception, method, sequenceId);
  bytes[at] = STRING;
  bytes[at + 1] = 0;
  bytes[at + 2] = 1;
  const textEnd = writeText(bytes, at + 7, exception.message);
  putInt32(bytes, at + 3, textEnd - at - 7);
  at = textEnd;
  bytes[at] = I32;
  bytes[at + 1] = 0;
  bytes[at + 2] = 2;
  putInt32(bytes, at + 3, exception.type);
  bytes[at + 7] = STOP;
  return bytes.subarray(0, at + 8);
}

/** Undefined when the bytes are no EXCEPTION message. Method and sequence id do not count, as in Kitex. */
export function decodeException(
  bytes: Uint8Array,
  start: number,
  end: number,
): ApplicationException | undefined {
  const head = readMessageHead(bytes, start, end);
  if (head?.type !== MessageType.exception) return undefined;
  let message = "";
  let type = 0;
  for (let at = head.bodyStart; ; ) {
    if (at >= end) return undefined;
    if (bytes[at] === STOP) return { type, message };
    if (at + 3 > end) return undefined;
    const field =
      (bytes[at] as number) * 0x10000 + (((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number));
    if (field === STRING * 0x10000 + 1) {
      if (at + 7 > end) return undefined;
      const textEnd = at + 7 + int32(bytes, at + 3);
      if (textEnd < at + 7 || textEnd > end) return undefined;
      message = readText(bytes, at + 7, textEnd);
      at = textEnd;
    } else if (field === I32 * 0x10000 + 2) {
      if (at + 7 > end) return undefined;
      type = int32(bytes, at + 3);
      at += 7;
    } else {
      // A field that only another implementation writes, after the two that count.
      return { type, message };
    }
  }
}

function putMessageHead(bytes: Uint8Array, type: number, method: string, sequenceId: number): number {
  putInt32(bytes, 0, (VERSION << 16) | type);
  const nameEnd = writeText(bytes, 8, method);
  putInt32(bytes, 4, nameEnd - 8);
  putInt32(bytes, nameEnd, sequenceId);
  return nameEnd + 4;
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
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
