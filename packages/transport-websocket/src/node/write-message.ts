import { randomFillSync } from "node:crypto";
import type { Socket } from "node:net";
import { applyMask, keyBytes } from "./mask.ts";

/** FIN, and a binary message (RFC 6455, 5.2). */
const wholeBinary = 0x82;
const masked = 0x80;
/** Shorter messages are copied behind their head: that costs less than a second piece in the write. */
const apartBytes = 4096;

/** Random bytes for keys, made many at a time. */
const random = new Uint8Array(4096);
let nextRandom = random.length;
const key = new Uint8Array(keyBytes);

/**
 * Sends a binary message, masked if a client does, as `ws` would if nothing is compressed. `ws` masks byte by byte, and into
 * new memory as large as the message; here a long one is masked where it lies, so `message` is changed.
 */
export function writeMessage(socket: Socket, message: Uint8Array, isMasked: boolean): void {
  const { length } = message;
  const headLength = (length < 126 ? 2 : length < 0x10000 ? 4 : 10) + (isMasked ? keyBytes : 0);
  const isApart = length >= apartBytes;
  const piece = Buffer.allocUnsafe(headLength + (isApart ? 0 : length));
  writeHead(piece, length, isMasked);
  if (!isApart) piece.set(message, headLength);
  if (isMasked) {
    newKey();
    piece.set(key, headLength - keyBytes);
    if (isApart) applyMask(message, 0, length, key, 0);
    else applyMask(piece, headLength, piece.length, key, 0);
  }
  if (!isApart) {
    socket.write(piece);
    return;
  }
  socket.cork();
  socket.write(piece);
  socket.write(message);
  socket.uncork();
}

/** All of a head but the key. */
function writeHead(target: Buffer, length: number, isMasked: boolean): void {
  const flag = isMasked ? masked : 0;
  target[0] = wholeBinary;
  if (length < 126) {
    target[1] = flag | length;
  } else if (length < 0x10000) {
    target[1] = flag | 126;
    target.writeUInt16BE(length, 2);
  } else {
    target[1] = flag | 127;
    target.writeUInt32BE(0, 2);
    target.writeUInt32BE(length, 6);
  }
}

function newKey(): void {
  if (nextRandom === random.length) {
    randomFillSync(random);
    nextRandom = 0;
  }
  for (let i = 0; i < keyBytes; i++) key[i] = random[nextRandom++] as number;
}
