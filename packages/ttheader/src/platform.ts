import { readUtf8, writeUtf8 } from "@slipstream/stream";

interface NativeText {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}

const candidate = (globalThis as { Buffer?: { readonly prototype: NativeText } }).Buffer?.prototype;
const native = typeof candidate?.latin1Slice === "function" ? candidate : undefined;

/** Above this many UTF-16 units one native call beats a loop. */
const LOOP_LIMIT = 48;

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
  return at + writeUtf8(target, value, at);
}

/** The bytes of a text in ASCII. */
export function asciiBytes(value: string): Uint8Array {
  return Uint8Array.from(value, (unit) => unit.charCodeAt(0));
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
    this.#whole = native?.latin1Slice.call(bytes, start, end);
  }

  read(start: number, end: number): string {
    const whole = this.#whole;
    if (whole === undefined) return readUtf8(this.#bytes, start, end);
    const bytes = this.#bytes;
    for (let at = start; at < end; at++) {
      if ((bytes[at] as number) > 0x7f) return readUtf8(bytes, start, end);
    }
    return whole.substring(start - this.#start, end - this.#start);
  }
}

declare const performance: { now(): number };
declare function setTimeout(run: () => void, delayMs: number): Timer;
declare function clearTimeout(timer: Timer | undefined): void;

/** A running timer; it never keeps a process alive by itself. */
export interface Timer {
  unref?(): void;
}

export function setTimer(run: () => void, delayMs: number): Timer {
  const timer = setTimeout(run, delayMs);
  timer.unref?.();
  return timer;
}

export function clearTimer(timer: Timer | undefined): void {
  clearTimeout(timer);
}

/** Milliseconds on a clock that never goes back. */
export function now(): number {
  return performance.now();
}
