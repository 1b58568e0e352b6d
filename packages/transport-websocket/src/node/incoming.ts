import { maxPackedBytes } from "../pack.ts";
import { applyMask, keyBytes } from "./mask.ts";
import { Unmasker } from "./unmasker.ts";

/** FIN, and a binary message (RFC 6455, 5.2). */
const wholeBinary = 0x82;
const masked = 0x80;

/**
 * What comes in on the socket of a WebSocket, before `ws` sees it. Whole binary messages, which is nearly all that a peer
 * sends, are taken out here: `ws` makes six objects for each. Whatever else there is, such as a message that is cut, pings
 * or a close, is for `ws`, and so is all that is not as it should be.
 */
export class Incoming {
  readonly #isServer: boolean;
  readonly #onMessage: (message: Uint8Array) => void;
  readonly #unmasker = new Unmasker();
  readonly #key = new Uint8Array(keyBytes);

  constructor(isServer: boolean, onMessage: (message: Uint8Array) => void) {
    this.#isServer = isServer;
    this.#onMessage = onMessage;
  }

  /** Takes the messages at the beginning of `chunk`, and returns where what is for `ws` begins. Takes masks off all of it. */
  take(chunk: Uint8Array): number {
    let at = 0;
    if (this.#unmasker.isBetweenMessages) {
      for (let end = 0; at < chunk.length; at = end) {
        end = this.#message(chunk, at);
        if (end === 0) break;
      }
    }
    if (at < chunk.length) this.#unmasker.push(at === 0 ? chunk : chunk.subarray(at));
    return at;
  }

  /** Hands out the message that begins at `start`, and returns its end; 0 when it is one for `ws`. */
  #message(chunk: Uint8Array, start: number): number {
    const second = chunk[start + 1];
    if (chunk[start] !== wholeBinary || second === undefined) return 0;
    if (((second & masked) !== 0) !== this.#isServer) return 0;
    let length = second & ~masked;
    let at = start + 2;
    if (length >= 126) {
      const lengthBytes = length === 126 ? 2 : 8;
      length = 0;
      for (const end = at + lengthBytes; at < end; at++) length = length * 256 + (chunk[at] ?? 0);
    }
    if (this.#isServer) at += keyBytes;
    const end = at + length;
    if (end > chunk.length || length > maxPackedBytes) return 0;
    if (this.#isServer) {
      for (let i = 0; i < keyBytes; i++) this.#key[i] = chunk[at - keyBytes + i] as number;
      applyMask(chunk, at, end, this.#key, 0);
    }
    this.#onMessage(new Uint8Array(chunk.buffer, chunk.byteOffset + at, length));
    return end;
  }
}
