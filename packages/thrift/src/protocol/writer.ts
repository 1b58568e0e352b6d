import { allocate } from "@slipstream/stream";
import { giveBack, messageMemory } from "#memory";
import { describe, Fault } from "../fault.ts";
import { chunkBytes, ownBytes } from "./chunk.ts";

/** Longer text is handed to native code: see the measurements in packages/bench. */
export const shortText = 24;

export interface WriterOptions {
  /** Whether text with lone surrogates is refused rather than written with U+FFFD. */
  readonly strictText: boolean;
  readonly maxDepth: number;
}

/**
 * Memory for a writer, and the parts that the protocols share. Bytes that were taken are never written again.
 *
 * The scalar methods of the protocols check no room: whoever calls them has asked for it with `room`. Methods for text,
 * binary and whatever has no fixed size ask themselves.
 */
export abstract class Writer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  pos = 0;
  depth = 0;
  readonly strictText: boolean;
  readonly maxDepth: number;
  /** True between `begin` and `take`: a message whose getters encode another one needs a second writer. */
  busy = false;
  #start = 0;
  /** The memory of `bytes`: to ask for it costs as much as to make a view of it. */
  #memory: ArrayBuffer = this.bytes.buffer;
  /** The message that was taken last, if it lies in the shared chunk. */
  #last: Uint8Array | undefined;
  /** The message before, if its memory came back: given out again if this one has its length, since making a view costs as much as writing a few fields. */
  #spare: Uint8Array | undefined;
  /** The shared chunk, put aside while a large message has memory of its own. */
  #chunk: Uint8Array<ArrayBuffer> | undefined;
  #chunkPos = 0;

  constructor(options: WriterOptions) {
    this.strictText = options.strictText;
    this.maxDepth = options.maxDepth;
  }

  begin(): void {
    this.busy = true;
    this.depth = 0;
    this.#spare = this.pos === this.#start ? this.#last : undefined;
    this.#start = this.pos;
    this.#last = undefined;
  }

  /** The message written since `begin`. */
  take(): Uint8Array {
    const length = this.pos - this.#start;
    const spare = this.#spare;
    const message = spare?.length === length ? spare : new Uint8Array(this.#memory, this.#start, length);
    this.#last = this.#chunk === undefined ? message : undefined;
    this.#end(this.pos);
    return message;
  }

  /** Uses the memory of a message again: if it lies in the shared chunk, only that of the message that was taken last. */
  release(message: Uint8Array): void {
    if (message === this.#last) this.pos = this.#start;
    else giveBack(message);
  }

  /** Forgets what was written since `begin`. */
  abandon(): void {
    this.#end(this.#start);
  }

  #end(pos: number): void {
    this.busy = false;
    this.pos = pos;
    if (this.#chunk !== undefined) {
      this.#use(this.#chunk);
      this.pos = this.#chunkPos;
      this.#chunk = undefined;
    }
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.#memory = bytes.buffer;
    this.#spare = undefined;
  }

  room(size: number): void {
    if (this.pos + size > this.bytes.length) this.grow(size);
  }

  grow(size: number): void {
    const used = this.pos - this.#start;
    const need = used + size;
    let next: Uint8Array<ArrayBuffer>;
    if (need <= ownBytes) {
      next = allocate(chunkBytes);
    } else {
      if (this.#chunk === undefined) {
        this.#chunk = this.bytes;
        this.#chunkPos = this.#start;
      }
      next = messageMemory(2 * used + size + 1024);
    }
    next.set(this.bytes.subarray(this.#start, this.pos));
    this.#use(next);
    this.#start = 0;
    this.pos = used;
  }

  enter(): void {
    if (++this.depth > this.maxDepth) {
      throw new Fault(`nested deeper than maxDepth (${this.maxDepth}); a value that contains itself?`);
    }
  }

  protected checkText(text: string): void {
    if (this.strictText && /\p{Surrogate}/u.test(text)) {
      throw new Fault(`expected text, got ${describe(text)} with half of a surrogate pair`);
    }
  }

  /** `data` as it is, without a length. */
  protected raw(data: Uint8Array): void {
    this.bytes.set(data, this.pos);
    this.pos += data.length;
  }

  /** A field's header; `previous` is the header of the field before it in the same struct, or 0. */
  abstract field(header: number, previous: number): void;
  abstract boolField(header: number, previous: number, value: boolean): void;
  abstract stop(): void;
  abstract bool(value: boolean): void;
  abstract i8(value: number): void;
  abstract i16(value: number): void;
  abstract i32(value: number): void;
  /** Throws a Fault when the value has more than 64 bits. */
  abstract i64(value: bigint): void;
  /** A safe integer. */
  abstract i64Number(value: number): void;
  abstract double(value: number): void;
  abstract string(text: string): void;
  abstract binary(data: Uint8Array): void;
  abstract list(element: number, size: number): void;
  abstract map(key: number, value: number, size: number): void;

  /** Throws a Fault when the text is no UUID. */
  uuid(text: string): void {
    const { bytes, pos } = this;
    if (!uuidForm.test(text)) throw new Fault(`expected a UUID, got ${describe(text)}`);
    let at = 0;
    for (let i = 0; i < 16; i++) {
      if (text.charCodeAt(at) === 0x2d) at++;
      bytes[pos + i] = Number.parseInt(text.slice(at, at + 2), 16);
      at += 2;
    }
    this.pos = pos + 16;
  }
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Room that covers any header or scalar in either protocol. */
export const scalarRoom = 16;
