import type { StreamMessage } from "../../messages.ts";

// Straight-line code for the one struct there is: what a codec generator can hope to print.

/** Bytes that a message takes at most, its payload left out. */
export function messageBound(message: StreamMessage): number {
  return 7 + 11 + 7 + 3 * message.key.length + 4 + 7 + 1;
}

/** Writes a message up to its payload; returns where the payload goes. */
export function writeMessageHead(
  bytes: Buffer,
  at: number,
  { seq, ts, key, flag, payload }: StreamMessage,
): number {
  bytes[at] = 8;
  bytes[at + 1] = 0;
  bytes[at + 2] = 1;
  putInt32(bytes, at + 3, seq);
  bytes[at + 7] = 10;
  bytes[at + 8] = 0;
  bytes[at + 9] = 2;
  viewOf(bytes).setBigInt64(at + 10, ts);
  bytes[at + 18] = 11;
  bytes[at + 19] = 0;
  bytes[at + 20] = 3;
  const keyEnd = writeText(bytes, at + 25, key);
  putInt32(bytes, at + 21, keyEnd - at - 25);
  bytes[keyEnd] = 2;
  bytes[keyEnd + 1] = 0;
  bytes[keyEnd + 2] = 4;
  bytes[keyEnd + 3] = flag ? 1 : 0;
  bytes[keyEnd + 4] = 11;
  bytes[keyEnd + 5] = 0;
  bytes[keyEnd + 6] = 5;
  putInt32(bytes, keyEnd + 7, payload.length);
  return keyEnd + 11;
}

/** Reads a message, whatever order its fields come in. */
export function readMessage(bytes: Buffer, start: number): StreamMessage {
  let at = start;
  let seq = 0;
  let ts = 0n;
  let key = "";
  let flag = false;
  let payload: Uint8Array = nothing;
  for (;;) {
    const type = bytes[at] as number;
    if (type === 0) return { seq, ts, key, flag, payload };
    const field = uint16(bytes, at + 1);
    at += 3;
    if (field === 1) {
      seq = int32(bytes, at);
      at += 4;
    } else if (field === 2) {
      ts = viewOf(bytes).getBigInt64(at);
      at += 8;
    } else if (field === 4) {
      flag = bytes[at++] === 1;
    } else {
      const end = at + 4 + int32(bytes, at);
      if (field === 3) key = bytes.latin1Slice(at + 4, end);
      else payload = bytes.subarray(at + 4, end);
      at = end;
    }
  }
}

const nothing = Buffer.alloc(0);
let viewed: Buffer = nothing;
let view: DataView = new DataView(nothing.buffer);

/** The methods of Buffer check more than they do; many messages are in the same bytes. */
function viewOf(bytes: Buffer): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
}

export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function writeText(bytes: Buffer, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return at + bytes.utf8Write(text, at);
    bytes[at + i] = unit;
  }
  return at + text.length;
}
