/**
 * What a platform may offer beyond the language. The package runs wherever there are `Uint8Array`, `TextDecoder` and timers; on Node, `Buffer`'s
 * native string functions are several times faster, so they are looked for here and nowhere else.
 */

interface NativeBuffer {
  allocUnsafeSlow(size: number): Uint8Array;
  readonly prototype: {
    latin1Slice(this: Uint8Array, start: number, end: number): string;
    latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  };
}

interface Timer {
  unref?(): void;
}

interface Platform {
  readonly Buffer?: NativeBuffer;
  readonly performance: { now(): number };
  setTimeout(run: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder: new (
    label: "utf-8",
    options: { fatal: boolean; ignoreBOM: boolean },
  ) => { decode(bytes: Uint8Array): string };
}

const platform = globalThis as unknown as Platform;
const native = typeof platform.Buffer?.allocUnsafeSlow === "function" ? platform.Buffer : undefined;
const latin1Slice = native?.prototype.latin1Slice;
const latin1Write = native?.prototype.latin1Write;
const encoder = new platform.TextEncoder();
const decoder = new platform.TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Below this many bytes a loop in JavaScript beats a call into native code. */
const SHORT = 16;

/** Bytes whose content does not matter yet. */
export const allocate: (size: number) => Uint8Array =
  native === undefined ? (size) => new Uint8Array(size) : (size) => native.allocUnsafeSlow(size);

/** The text of bytes that are all below 0x80. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  if (latin1Slice !== undefined && end - start > SHORT) return latin1Slice.call(bytes, start, end);
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}

/** Writes text whose characters are all below 0x80. */
export function putAscii(bytes: Uint8Array, at: number, text: string): void {
  const { length } = text;
  if (latin1Write !== undefined && length > SHORT) latin1Write.call(bytes, text, at, length);
  else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** The text of the bytes, or `undefined` when they are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A lone surrogate becomes U+FFFD. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Milliseconds on a clock that never goes back. */
export function now(): number {
  return platform.performance.now();
}

/** Runs once, later; does not keep a process alive. Returns how to stop it. */
export function later(run: () => void, ms: number): () => void {
  const timer = platform.setTimeout(run, Math.min(ms, 0x7fffffff));
  timer.unref?.();
  return () => platform.clearTimeout(timer);
}
