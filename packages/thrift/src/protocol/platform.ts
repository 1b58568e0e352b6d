import { allocate, decodeUtf8, utf8Length, writeUtf8 } from "@slipstream/stream";

interface Platform {
  readonly Buffer?: { from?(memory: ArrayBufferLike, offset: number, length: number): Uint8Array };
}

const platform = globalThis as unknown as Platform;

/** Also of another realm: where tests run in a context of their own, Node's Buffers are no `Uint8Array` of theirs. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag] === "Uint8Array")
  );
}

export function utf8Bytes(text: string): Uint8Array {
  const bytes = allocate(utf8Length(text));
  writeUtf8(bytes, text, 0);
  return bytes;
}

/** Whether these bytes are UTF-8 as the standard has it: no surrogates, no overlong forms, nothing above U+10FFFF. */
export function isUtf8(bytes: Uint8Array): boolean {
  return decodeUtf8(bytes) !== undefined;
}

/** The same bytes as a Buffer where there is one, for code that expects no less. */
export function asNodeBuffer(bytes: Uint8Array): Uint8Array {
  return platform.Buffer?.from?.(bytes.buffer, bytes.byteOffset, bytes.length) ?? bytes;
}
