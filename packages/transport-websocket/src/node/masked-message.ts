import { randomFillSync } from "node:crypto";
import type { Socket } from "node:net";
import { applyMask, keyBytes } from "./mask.ts";

/** FIN, and a binary message (RFC 6455, 5.2). */
const wholeBinary = 0x82;
const masked = 0x80;

/** Random bytes for keys, made many at a time. */
const random = new Uint8Array(4096);
let nextRandom = random.length;
const key = new Uint8Array(keyBytes);

/**
 * Sends a binary message of a client. `ws` would mask it byte by byte, into new memory as large as the message; here it is
 * masked where it lies, so `message` is changed.
 */
export function writeMasked(socket: Socket, message: Uint8Array, sent?: () => void): void {
  newKey();
  const head = headOf(message.length);
  head.set(key, head.length - keyBytes);
  applyMask(message, 0, message.length, key, 0);
  socket.cork();
  socket.write(head);
  socket.write(message, sent);
  socket.uncork();
}

function newKey(): void {
  if (nextRandom === random.length) {
    randomFillSync(random);
    nextRandom = 0;
  }
  for (let i = 0; i < keyBytes; i++) key[i] = random[nextRandom++] as number;
}

/** The head of a frame, with room for the key at its end. */
function headOf(length: number): Buffer {
  const head = Buffer.allocUnsafe((length < 126 ? 2 : length < 0x10000 ? 4 : 10) + keyBytes);
  head[0] = wholeBinary;
  if (length < 126) {
    head[1] = masked | length;
  } else if (length < 0x10000) {
    head[1] = masked | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = masked | 127;
    head.writeUInt32BE(0, 2);
    head.writeUInt32BE(length, 6);
  }
  return head;
}
