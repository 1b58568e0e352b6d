import { utf8Length, writeUtf8 } from "@slipstream/stream";
import { Fault } from "../fault.ts";
import type { ProtocolSupport } from "./protocol.ts";
import { Reader } from "./reader.ts";
import { high, low, scratchBigInt, scratchDouble, scratchInts } from "./scratch.ts";
import * as WireType from "./wire-type.ts";
import { shortText, Writer } from "./writer.ts";

// Indexes within the message were checked against its length, so that an element is never undefined.
type Bytes = { readonly [index: number]: number };

/** The binary protocol: big-endian, fixed sizes. */
export class BinaryWriter extends Writer {
  override field(header: number): void {
    const { bytes, pos } = this;
    bytes[pos] = header >> 16;
    bytes[pos + 1] = header >> 8;
    bytes[pos + 2] = header;
    this.pos = pos + 3;
  }

  override boolField(header: number, _previous: number, value: boolean): void {
    this.field(header);
    this.bool(value);
  }

  override stop(): void {
    this.bytes[this.pos++] = 0;
  }

  override bool(value: boolean): void {
    this.bytes[this.pos++] = value ? 1 : 0;
  }

  override i8(value: number): void {
    this.bytes[this.pos++] = value;
  }

  override i16(value: number): void {
    const { bytes, pos } = this;
    bytes[pos] = value >> 8;
    bytes[pos + 1] = value;
    this.pos = pos + 2;
  }

  override i32(value: number): void {
    const { bytes, pos } = this;
    bytes[pos] = value >> 24;
    bytes[pos + 1] = value >> 16;
    bytes[pos + 2] = value >> 8;
    bytes[pos + 3] = value;
    this.pos = pos + 4;
  }

  override i64(value: bigint): void {
    scratchBigInt[0] = value;
    if (scratchBigInt[0] !== value) throw new Fault(`expected 64 bits, got ${value}n`);
    this.i32(scratchInts[high] as number);
    this.i32(scratchInts[low] as number);
  }

  override i64Number(value: number): void {
    this.i32(Math.floor(value / 0x1_0000_0000));
    this.i32(value);
  }

  override double(value: number): void {
    scratchDouble[0] = value;
    this.i32(scratchInts[high] as number);
    this.i32(scratchInts[low] as number);
  }

  override string(text: string): void {
    const { length } = text;
    if (length > shortText) {
      this.#longString(text);
      return;
    }
    this.room(4 + 3 * shortText);
    const { bytes, pos } = this;
    const start = pos + 4;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) {
        this.#longString(text);
        return;
      }
      bytes[start + i] = code;
    }
    bytes[pos] = 0;
    bytes[pos + 1] = 0;
    bytes[pos + 2] = 0;
    bytes[pos + 3] = length;
    this.pos = start + length;
  }

  #longString(text: string): void {
    this.checkText(text);
    // Three bytes a unit is the most there can be; counting is for texts so long that asking for that much would hurt.
    if (this.pos + 4 + 3 * text.length > this.bytes.length) this.room(4 + utf8Length(text));
    const size = writeUtf8(this.bytes, text, this.pos + 4);
    this.i32(size);
    this.pos += size;
  }

  override binary(data: Uint8Array): void {
    this.room(4 + data.length);
    this.i32(data.length);
    this.raw(data);
  }

  override list(element: number, size: number): void {
    this.bytes[this.pos++] = element;
    this.i32(size);
  }

  override map(key: number, value: number, size: number): void {
    this.bytes[this.pos++] = key;
    this.bytes[this.pos++] = value;
    this.i32(size);
  }
}

const minimums: Readonly<Record<number, number>> = {
  [WireType.Bool]: 1,
  [WireType.I8]: 1,
  [WireType.I16]: 2,
  [WireType.I32]: 4,
  [WireType.I64]: 8,
  [WireType.Double]: 8,
  [WireType.String]: 4,
  [WireType.Struct]: 1,
  [WireType.Map]: 6,
  [WireType.Set]: 5,
  [WireType.List]: 5,
  [WireType.Uuid]: 16,
};

export class BinaryReader extends Reader {
  override field(): number {
    const bytes: Bytes = this.bytes;
    const { pos } = this;
    if (pos >= this.end) throw this.short(1);
    const type = bytes[pos] as number;
    if (type === WireType.Stop) {
      this.pos = pos + 1;
      return 0;
    }
    if (pos + 3 > this.end) throw this.short(3);
    this.pos = pos + 3;
    return (type << 16) | ((bytes[pos + 1] as number) << 8) | (bytes[pos + 2] as number);
  }

  override boolField(): boolean {
    return this.bool();
  }

  override bool(): boolean {
    if (this.pos >= this.end) throw this.short(1);
    // Kitex takes 1 alone as true.
    return this.bytes[this.pos++] === 1;
  }

  override i8(): number {
    if (this.pos >= this.end) throw this.short(1);
    return ((this.bytes[this.pos++] as number) << 24) >> 24;
  }

  override i16(): number {
    const { bytes, pos } = this;
    if (pos + 2 > this.end) throw this.short(2);
    this.pos = pos + 2;
    return (((bytes[pos] as number) << 24) >> 16) | (bytes[pos + 1] as number);
  }

  override i32(): number {
    const { bytes, pos } = this;
    if (pos + 4 > this.end) throw this.short(4);
    this.pos = pos + 4;
    return (
      ((bytes[pos] as number) << 24) |
      ((bytes[pos + 1] as number) << 16) |
      ((bytes[pos + 2] as number) << 8) |
      (bytes[pos + 3] as number)
    );
  }

  override i64(): bigint {
    if (this.pos + 8 > this.end) throw this.short(8);
    scratchInts[high] = this.i32();
    scratchInts[low] = this.i32();
    return scratchBigInt[0] as bigint;
  }

  override i64Number(): number {
    if (this.pos + 8 > this.end) throw this.short(8);
    const value = this.i32() * 0x1_0000_0000 + (this.i32() >>> 0);
    if (!Number.isSafeInteger(value)) throw new Fault(`an i64 beyond ±(2^53 - 1) before offset ${this.pos}`);
    return value;
  }

  override double(): number {
    if (this.pos + 8 > this.end) throw this.short(8);
    scratchInts[high] = this.i32();
    scratchInts[low] = this.i32();
    return scratchDouble[0] as number;
  }

  #size(): number {
    const size = this.i32();
    if (size < 0) throw new Fault(`negative length ${size} before offset ${this.pos}`);
    if (this.pos + size > this.end) throw this.short(size);
    return size;
  }

  override string(): string {
    return this.text(this.#size());
  }

  override binary(): Uint8Array {
    return this.data(this.#size());
  }

  override anyList(): { element: number; size: number } {
    const element = this.i8();
    return { element, size: this.count(this.i32(), 1) };
  }

  override anyMap(): { key: number; value: number; size: number } {
    const key = this.i8();
    const value = this.i8();
    return { key, value, size: this.count(this.i32(), 2) };
  }

  protected override minimum(type: number): number {
    return minimums[type] as number;
  }

  protected override skipScalar(type: number): void {
    // Of scalars only strings have more than the fewest bytes.
    const size = type === WireType.String ? this.#size() : minimums[type];
    if (size === undefined) throw this.unknownType(type);
    if (this.pos + size > this.end) throw this.short(size);
    this.pos += size;
  }
}

export const binary: ProtocolSupport = {
  name: "binary",
  writer: (options) => new BinaryWriter(options),
  reader: (bytes, options) => new BinaryReader(bytes, options),
};
