import { FrameError } from "./frame-error.ts";
import { FrameReader, type Framing } from "./frame-reader.ts";

/** Bytes of a value of each type of fixed size in Thrift's binary protocol, by type. */
const fixedBytes: Readonly<Record<number, number>> = { 2: 1, 3: 1, 4: 8, 6: 2, 8: 4, 10: 8, 16: 16 };
const STRING = 11;
const STRUCT = 12;
const MAP = 13;
const SET = 14;
const LIST = 15;

/** Nesting that no honest message has; Kitex skips as deep. */
const MAX_DEPTH = 64;
/** In place of a count of elements: a struct ends by itself. */
const UNTIL_STOP = -1;

/**
 * Finds where a strict Thrift message ends that has no length before it ("plain" or unframed binary), by walking over its
 * struct. It goes on where it left off, so a message that comes byte by byte costs no more than one that comes whole.
 */
export class MessageScanner {
  /** How far it is known to reach; may lie ahead of what has come. */
  #at = 0;
  #depth = 0;
  /** For each container that is open: how many elements are left, and their types; keys and values of a map alternate. */
  readonly #left: number[] = [];
  readonly #types: number[] = [];
  readonly #otherTypes: number[] = [];

  /** The least number of bytes that the message has, as far as is known. */
  get knownBytes(): number {
    return this.#at;
  }

  /**
   * Looks at `bytes[start, end)`, which begin with the message: the same bytes as in the last call, and perhaps more.
   * Returns the length of the message, or 0 when its end has not come.
   *
   * @throws FrameError when it cannot be Thrift, or is nested too deep.
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    const available = end - start;
    if (this.#at === 0) {
      if (available < 8) return 0;
      const nameBytes = int32(bytes, start + 4);
      if (nameBytes < 0) throw malformed(`the method name has ${nameBytes} bytes`);
      this.#at = 12 + nameBytes;
      this.#push(UNTIL_STOP, 0, 0);
    }
    while (this.#depth > 0) {
      const top = this.#depth - 1;
      const left = this.#left[top] as number;
      if (left === 0) {
        this.#depth--;
      } else if (this.#at >= available) {
        return 0;
      } else if (left === UNTIL_STOP) {
        const type = bytes[start + this.#at] as number;
        if (type === 0) {
          this.#at++;
          this.#depth--;
        } else if (!this.#pass(bytes, start, available, type, this.#at + 3)) {
          return 0;
        }
      } else {
        const type = this.#types[top] as number;
        const other = this.#otherTypes[top] as number;
        if (!this.#pass(bytes, start, available, type, this.#at)) return 0;
        this.#left[top] = left - 1;
        this.#types[top] = other;
        this.#otherTypes[top] = type;
      }
    }
    return this.#at;
  }

  /** Passes over a value at `at`, or into it if it has parts; false when too little of it has come to tell. */
  #pass(bytes: Uint8Array, start: number, available: number, type: number, at: number): boolean {
    const size = fixedBytes[type];
    if (size !== undefined) {
      this.#at = at + size;
      return true;
    }
    if (type === STRUCT) {
      this.#at = at;
      this.#push(UNTIL_STOP, 0, 0);
      return true;
    }
    const headBytes = type === STRING ? 4 : type === MAP ? 6 : 5;
    if (type !== STRING && type !== MAP && type !== SET && type !== LIST) {
      throw malformed(`there is no type ${type}`);
    }
    if (at + headBytes > available) return false;
    const count = int32(bytes, start + at + headBytes - 4);
    if (count < 0) throw malformed(`a length is ${count}`);
    this.#at = at + headBytes;
    if (type === STRING) {
      this.#at += count;
    } else if (count > 0) {
      const first = bytes[start + at] as number;
      const second = type === MAP ? (bytes[start + at + 1] as number) : first;
      this.#passElements(type === MAP ? 2 * count : count, first, second);
    }
    return true;
  }

  #passElements(count: number, first: number, second: number): void {
    const firstBytes = fixedBytes[first];
    const secondBytes = fixedBytes[second];
    if (firstBytes !== undefined && secondBytes !== undefined) {
      this.#at += (count / 2) * (firstBytes + secondBytes);
    } else {
      this.#push(count, first, second);
    }
  }

  #push(left: number, type: number, otherType: number): void {
    if (this.#depth === MAX_DEPTH) throw malformed(`it is nested deeper than ${MAX_DEPTH}`);
    this.#left[this.#depth] = left;
    this.#types[this.#depth] = type;
    this.#otherTypes[this.#depth] = otherType;
    this.#depth++;
  }
}

/** Frames in a stream of bytes, mixed with Thrift messages without TTHeader, Framed and plain. */
export const mixedFraming: Framing = (limits, receiver) =>
  new FrameReader(limits, receiver, () => new MessageScanner());

function malformed(why: string): FrameError {
  return new FrameError("unknown", `a Thrift message without frame cannot be read: ${why}`);
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
