import { crc32 } from "node:zlib";
import type { Message } from "../calls.ts";
import type { Msg } from "../gen/lab.ts";

// The TypeScript half of go/message.go: both must make up the same bytes and sum them up alike.
const shownBytes = 256;

export function toMsg({ text = "", textBytes = 0, n, blob, blobBytes = 0, info }: Message): Msg {
  return {
    text: text.padEnd(textBytes, "x"),
    n: n === undefined ? undefined : BigInt(n),
    blob: blobBytes > 0 ? filler(blobBytes) : blob === undefined ? undefined : Buffer.from(blob, "hex"),
    info: info && { ...info },
  };
}

export function fromMsg({ text, n, blob, info }: Msg): Message {
  return {
    text: text.length > 64 * shownBytes ? text.slice(0, shownBytes) : text,
    ...(text.length > 64 * shownBytes ? { textBytes: text.length } : {}),
    ...(n === undefined ? {} : { n: Number(n) }),
    ...(blob === undefined ? {} : { blobBytes: blob.length, blobSum: crc32(blob) }),
    ...(blob !== undefined && blob.length <= shownBytes ? { blob: Buffer.from(blob).toString("hex") } : {}),
    ...(info === undefined ? {} : { info }),
  };
}

export function filler(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + 7;
  return bytes;
}
