import { readUtf8 } from "@slipstream/stream";
import { valueOf } from "#memory";
import { describe, Fault } from "../fault.ts";
import { isUtf8 } from "./platform.ts";
import { headerType, wireTypeName } from "./wire.ts";
import * as WireType from "./wire-type.ts";

export interface ReaderOptions {
  readonly strictText: boolean;
  readonly binaryViews: boolean;
  readonly maxDepth: number;
}

/** One message being read, and the parts that the protocols share. Every method throws a Fault when the bytes are bad. */
export abstract class Reader {
  readonly bytes: Uint8Array;
  pos = 0;
  readonly end: number;
  depth = 0;
  /** Whether nobody else has the bytes. */
  isOwned = false;
  readonly options: ReaderOptions;
  #plain: Uint8Array | undefined;

  constructor(bytes: Uint8Array, options: ReaderOptions) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.options = options;
  }

  /** The error of needing `size` bytes at `pos` and not having them. */
  short(size: number): Fault {
    return new Fault(`needs ${size} bytes at offset ${this.pos}, but the message ends after ${this.end}`);
  }

  enter(): void {
    if (++this.depth > this.options.maxDepth) {
      throw new Fault(`nested deeper than maxDepth (${this.options.maxDepth})`);
    }
  }

  /** Checks a count of elements that take at least `minimum` bytes each against what is left, before anything is allocated. */
  protected count(size: number, minimum: number): number {
    if (size < 0 || size * minimum > this.end - this.pos) {
      throw new Fault(
        `${size} elements of at least ${minimum} bytes at offset ${this.pos}, but ${this.end - this.pos} bytes are left`,
      );
    }
    return size;
  }

  #mismatch(what: string, expected: number, got: number): Fault {
    return new Fault(
      `expected ${what} of ${wireTypeName(expected)}, got ${wireTypeName(got)} at offset ${this.pos}`,
    );
  }

  /** Text of `size` bytes, which are there. */
  protected text(size: number): string {
    const { bytes, pos } = this;
    const end = pos + size;
    this.pos = end;
    const text = readUtf8(bytes, pos, end);
    if (this.options.strictText && text.includes("\ufffd") && !isUtf8(bytes.subarray(pos, end))) {
      throw new Fault(`${size} bytes of text at offset ${pos} are not UTF-8: ${describe(text)}`);
    }
    return text;
  }

  /** `size` bytes, which are there. */
  protected data(size: number): Uint8Array {
    const { bytes, pos } = this;
    this.pos = pos + size;
    this.#plain ??= plainView(bytes);
    return this.options.binaryViews
      ? this.#plain.subarray(pos, this.pos)
      : valueOf(this.#plain, pos, this.pos, this.isOwned);
  }

  uuid(): string {
    const { bytes, pos } = this;
    if (pos + 16 > this.end) throw this.short(16);
    let text = "";
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
      text += hex[bytes[pos + i] as number];
    }
    this.pos = pos + 16;
    return text;
  }

  /** The number of elements, checked to be of `element`, and to be no more than what is left can hold. */
  list(element: number): number {
    const any = this.anyList();
    if (any.size > 0 && any.element !== element) throw this.#mismatch("elements", element, any.element);
    return this.count(any.size, this.minimum(element));
  }

  /** The number of entries, checked to be of `key` and `value`, and to be no more than what is left can hold. */
  map(key: number, value: number): number {
    const any = this.anyMap();
    if (any.size > 0 && any.key !== key) throw this.#mismatch("keys", key, any.key);
    if (any.size > 0 && any.value !== value) throw this.#mismatch("values", value, any.value);
    return this.count(any.size, this.minimum(key) + this.minimum(value));
  }

  /** The next field's header, 0 at the end of the struct; `previous` is the header before it in the same struct, or 0. */
  abstract field(previous: number): number;
  /** The value of a bool field, whose header was just read. */
  abstract boolField(): boolean;
  abstract bool(): boolean;
  abstract i8(): number;
  abstract i16(): number;
  abstract i32(): number;
  abstract i64(): bigint;
  /** An i64 that must be a safe integer. */
  abstract i64Number(): number;
  abstract double(): number;
  abstract string(): string;
  abstract binary(): Uint8Array;
  /** Element type and size, without a check of the type. */
  abstract anyList(): { element: number; size: number };
  abstract anyMap(): { key: number; value: number; size: number };

  /** Reads over a value outside of a field, in which a bool has a byte of its own. */
  skip(type: number): void {
    switch (type) {
      case WireType.Struct: {
        this.enter();
        for (let header = this.field(0); header !== 0; header = this.field(header)) this.skipField(header);
        this.depth--;
        return;
      }
      case WireType.Map: {
        const { key, value, size } = this.anyMap();
        this.enter();
        for (let i = 0; i < size; i++) {
          this.skip(key);
          this.skip(value);
        }
        this.depth--;
        return;
      }
      case WireType.List:
      case WireType.Set: {
        const { element, size } = this.anyList();
        this.enter();
        for (let i = 0; i < size; i++) this.skip(element);
        this.depth--;
        return;
      }
      default:
        this.skipScalar(type);
    }
  }

  skipField(header: number): void {
    const type = headerType(header);
    if (type === WireType.Bool) this.boolField();
    else this.skip(type);
  }

  /** The fewest bytes that an element of the type takes. */
  protected abstract minimum(type: number): number;
  /** Reads over a value that holds no other. */
  protected abstract skipScalar(type: number): void;

  protected unknownType(type: number): Fault {
    return new Fault(`unknown ${wireTypeName(type)} before offset ${this.pos}`);
  }
}

/** A Buffer's methods make Buffers, and cost more. */
function plainView(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
