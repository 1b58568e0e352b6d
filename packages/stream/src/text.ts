/**
 * Text and memory by way of Node's Buffer where there is one: its native calls cost half of what TextEncoder and
 * TextDecoder do, and a third on the short texts that headers are made of. The results are the same.
 */
import { readShortText, shortTextBytes } from "./short-text.ts";
import * as web from "./text-web.ts";

interface NativeText {
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

interface NativeBuffer {
  allocUnsafeSlow(byteLength: number): Uint8Array;
  byteLength(text: string): number;
  readonly prototype: NativeText;
}

function isNative(buffer: Partial<NativeBuffer> | undefined): buffer is NativeBuffer {
  return (
    typeof buffer?.allocUnsafeSlow === "function" &&
    typeof buffer.byteLength === "function" &&
    typeof buffer.prototype?.utf8Write === "function" &&
    typeof buffer.prototype.utf8Slice === "function"
  );
}

type Platform = Pick<typeof web, "writeUtf8" | "readUtf8" | "utf8Length" | "allocate">;

function native(buffer: NativeBuffer): Platform {
  const { utf8Write, utf8Slice } = buffer.prototype;
  return {
    writeUtf8: (bytes, text, at) => utf8Write.call(bytes, text, at, bytes.length - at),
    readUtf8(bytes: Uint8Array & Partial<NativeText>, start, end) {
      if (end - start <= shortTextBytes) {
        const short = readShortText(bytes, start, end - start);
        if (short !== undefined) return short;
      }
      // Called as a method where it is one, it costs a sixth less.
      return bytes.utf8Slice === undefined ? utf8Slice.call(bytes, start, end) : bytes.utf8Slice(start, end);
    },
    utf8Length: (text) => buffer.byteLength(text),
    // A plain Uint8Array over the memory: `subarray` of a Buffer is slower, and callers see one type.
    allocate: (size) => new Uint8Array(buffer.allocUnsafeSlow(size).buffer as ArrayBuffer),
  };
}

const { Buffer } = globalThis as { Buffer?: Partial<NativeBuffer> };
const platform: Platform = isNative(Buffer) ? native(Buffer) : web;

export const writeUtf8: typeof web.writeUtf8 = platform.writeUtf8;
export const readUtf8: typeof web.readUtf8 = platform.readUtf8;
export const utf8Length: typeof web.utf8Length = platform.utf8Length;
export const allocate: typeof web.allocate = platform.allocate;
export { fromBase64, toBase64 } from "./base64.ts";
