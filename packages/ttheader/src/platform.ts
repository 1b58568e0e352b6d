/**
 * Text in and out of bytes, on any platform. Where Node's own string functions exist they are used: they
 * cost a third of what the web ones cost on the short strings that headers are made of.
 */

interface NativeText {
  utf8Write(this: Uint8Array, text: string, at: number): number;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}
interface NativeBuffer {
  readonly prototype: NativeText;
  allocUnsafeSlow(byteLength: number): Uint8Array;
}
declare const TextEncoder: new () => {
  encodeInto(text: string, target: Uint8Array): { written: number };
};
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const candidate = (globalThis as { Buffer?: NativeBuffer }).Buffer;
const native =
  typeof candidate?.prototype.utf8Write === "function" &&
  typeof candidate.prototype.utf8Slice === "function" &&
  typeof candidate.prototype.latin1Slice === "function" &&
  typeof candidate.allocUnsafeSlow === "function"
    ? candidate
    : undefined;
const text = native?.prototype;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Above this many UTF-16 units one native call beats a loop. */
const LOOP_LIMIT = 48;

/** Bytes whose content is of no interest yet: not zeroed where the platform allows it. */
export function allocate(byteLength: number): Uint8Array<ArrayBuffer> {
  // A plain Uint8Array over the memory: `subarray` of a Buffer is slower, and callers see one type.
  return native === undefined
    ? new Uint8Array(byteLength)
    : new Uint8Array(native.allocUnsafeSlow(byteLength).buffer as ArrayBuffer);
}

/** Writes `value` as UTF-8 and returns the end. The caller has left room for 3 bytes a UTF-16 unit. */
export function writeText(target: Uint8Array, at: number, value: string): number {
  const length = value.length;
  if (length <= LOOP_LIMIT) {
    let i = 0;
    for (; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) break;
      target[at + i] = unit;
    }
    if (i === length) return at + length;
  }
  if (text !== undefined) return at + text.utf8Write.call(target, value, at);
  return at + encoder.encodeInto(value, target.subarray(at)).written;
}

/** The bytes of a text in ASCII. */
export function asciiBytes(value: string): Uint8Array {
  return Uint8Array.from(value, (unit) => unit.charCodeAt(0));
}

/** Reads UTF-8; malformed bytes become U+FFFD. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 8) {
    let value = "";
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte > 0x7f) break;
      value += String.fromCharCode(byte);
    }
    if (at === end) return value;
  }
  if (text !== undefined) return text.utf8Slice.call(bytes, start, end);
  return decoder.decode(bytes.subarray(start, end));
}

/**
 * Reads many short strings out of one range: the range becomes one string once, and ASCII values are cut
 * out of it. The strings keep the whole range alive, so it is for headers, never for payloads.
 */
export class TextRange {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #whole: string | undefined;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#whole = text?.latin1Slice.call(bytes, start, end);
  }

  read(start: number, end: number): string {
    const whole = this.#whole;
    if (whole === undefined) return readText(this.#bytes, start, end);
    const bytes = this.#bytes;
    for (let at = start; at < end; at++) {
      if ((bytes[at] as number) > 0x7f) return readText(bytes, start, end);
    }
    return whole.substring(start - this.#start, end - this.#start);
  }
}

declare const performance: { now(): number };
declare function setTimeout(run: () => void, delayMs: number): Timer;
declare function clearTimeout(timer: Timer): void;

/** A running timer; it never keeps a process alive by itself. */
export interface Timer {
  unref?(): void;
}

export function setTimer(run: () => void, delayMs: number): Timer {
  const timer = setTimeout(run, delayMs);
  timer.unref?.();
  return timer;
}

export function clearTimer(timer: Timer): void {
  clearTimeout(timer);
}

/** Milliseconds on a clock that never goes back. */
export function now(): number {
  return performance.now();
}
