/**
 * The only place that looks at the platform: UTF-8 both ways and fresh memory, by way of Node's Buffer where there is one
 * (its native calls cost half of what TextEncoder and TextDecoder do), and of the web's classes elsewhere. Both replace what
 * is not UTF-8 by U+FFFD in the same way.
 */
interface NodeBufferPrototype {
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

interface NodeBuffer {
  allocUnsafeSlow(size: number): Uint8Array;
  byteLength(text: string): number;
  readonly prototype: NodeBufferPrototype;
}

interface Platform {
  readonly Buffer?: Partial<NodeBuffer>;
  readonly TextEncoder: new () => {
    encodeInto(text: string, into: Uint8Array): { read: number; written: number };
  };
  readonly TextDecoder: new (
    label: string,
    options: { ignoreBOM: boolean; fatal?: boolean },
  ) => { decode(bytes: Uint8Array): string };
}

const platform = globalThis as unknown as Platform;

/** Writes `text` at `at`, where there is room for it, and returns the number of bytes. */
export type WriteUtf8 = (bytes: Uint8Array, text: string, at: number) => number;
export type ReadUtf8 = (bytes: Uint8Array, start: number, end: number) => string;

function isNodeBuffer(buffer: Partial<NodeBuffer> | undefined): buffer is NodeBuffer {
  return (
    typeof buffer?.allocUnsafeSlow === "function" &&
    typeof buffer.byteLength === "function" &&
    typeof buffer.prototype?.utf8Write === "function" &&
    typeof buffer.prototype.utf8Slice === "function"
  );
}

/** Also of another realm: where tests run in a context of their own, Node's Buffers are no `Uint8Array` of theirs. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag] === "Uint8Array")
  );
}

interface Fast {
  readonly writeUtf8: WriteUtf8;
  readonly readUtf8: ReadUtf8;
  /** Exact number of bytes of `text` in UTF-8. */
  readonly utf8Length: (text: string) => number;
  /** Fresh memory, its content undefined. */
  readonly allocate: (size: number) => Uint8Array<ArrayBuffer>;
}

function nodePlatform(buffer: NodeBuffer): Fast {
  const { utf8Write, utf8Slice } = buffer.prototype;
  return {
    writeUtf8: (bytes, text, at) => utf8Write.call(bytes, text, at, bytes.length - at),
    // Called as a method where it is one, it costs a sixth less.
    readUtf8(bytes: Uint8Array & Partial<NodeBufferPrototype>, start, end) {
      return bytes.utf8Slice === undefined ? utf8Slice.call(bytes, start, end) : bytes.utf8Slice(start, end);
    },
    utf8Length: (text) => buffer.byteLength(text),
    allocate: (size) => new Uint8Array(buffer.allocUnsafeSlow(size).buffer as ArrayBuffer),
  };
}

/** Exported for tests, which run on Node, to see the other way of doing it. */
export function webPlatform(): Fast {
  const encoder = new platform.TextEncoder();
  const decoder = new platform.TextDecoder("utf-8", { ignoreBOM: true });
  return {
    writeUtf8: (bytes, text, at) => encoder.encodeInto(text, bytes.subarray(at)).written,
    readUtf8: (bytes, start, end) => decoder.decode(bytes.subarray(start, end)),
    utf8Length(text) {
      let length = text.length;
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code < 0x80) continue;
        if (code < 0x800) length += 1;
        else if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
          length += 2;
          i++;
        } else length += 2;
      }
      return length;
    },
    allocate: (size) => new Uint8Array(size),
  };
}

const fast: Fast = isNodeBuffer(platform.Buffer) ? nodePlatform(platform.Buffer) : webPlatform();

export const writeUtf8: WriteUtf8 = fast.writeUtf8;
export const readUtf8: ReadUtf8 = fast.readUtf8;
export const utf8Length: (text: string) => number = fast.utf8Length;
export const allocate: (size: number) => Uint8Array<ArrayBuffer> = fast.allocate;

export function utf8Bytes(text: string): Uint8Array {
  const bytes = allocate(utf8Length(text));
  writeUtf8(bytes, text, 0);
  return bytes;
}

let strictDecoder: { decode(bytes: Uint8Array): string } | undefined;

/** Whether these bytes are UTF-8 as the standard has it: no surrogates, no overlong forms, nothing above U+10FFFF. */
export function isUtf8(bytes: Uint8Array): boolean {
  strictDecoder ??= new platform.TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The same bytes as a Buffer where there is one, for code that expects no less. */
export function asNodeBuffer(bytes: Uint8Array): Uint8Array {
  const from = (platform.Buffer as NodeBufferFrom | undefined)?.from;
  return from === undefined
    ? bytes
    : from.call(platform.Buffer, bytes.buffer, bytes.byteOffset, bytes.length);
}

interface NodeBufferFrom {
  from(memory: ArrayBufferLike, offset: number, length: number): Uint8Array;
}
