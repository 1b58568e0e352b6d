import { utf8Length, writeUtf8 } from "@slipstream/stream";
import { Fault } from "../fault.ts";
import type { ProtocolSupport } from "./protocol.ts";
import { Reader } from "./reader.ts";
import { high, low, scratchBigInt, scratchDouble, scratchInts } from "./scratch.ts";
import { fieldHeader, headerId, headerType } from "./wire.ts";
import * as WireType from "./wire-type.ts";
import { Writer } from "./writer.ts";

/** The compact protocol's own type ids, by those of the binary protocol. A bool field has its value in the type. */
const boolTrue = 1;
const boolFalse = 2;
const toCompact = new Uint8Array(17);
toCompact[WireType.Bool] = boolTrue;
toCompact[WireType.I8] = 3;
toCompact[WireType.I16] = 4;
toCompact[WireType.I32] = 5;
toCompact[WireType.I64] = 6;
toCompact[WireType.Double] = 7;
toCompact[WireType.String] = 8;
toCompact[WireType.List] = 9;
toCompact[WireType.Set] = 10;
toCompact[WireType.Map] = 11;
toCompact[WireType.Struct] = 12;
toCompact[WireType.Uuid] = 13;
const fromCompact = new Uint8Array(16);
for (let type = 0; type < toCompact.length; type++) fromCompact[toCompact[type] as number] = type;
fromCompact[boolFalse] = WireType.Bool;
fromCompact[0] = WireType.Stop;

/** The compact protocol: variable-length integers, field ids as distances, doubles in little-endian order. */
export class CompactWriter extends Writer {
  override field(header: number, previous: number): void {
    this.#field(toCompact[headerType(header)] as number, headerId(header), headerId(previous));
  }

  override boolField(header: number, previous: number, value: boolean): void {
    this.#field(value ? boolTrue : boolFalse, headerId(header), headerId(previous));
  }

  #field(type: number, id: number, previous: number): void {
    const delta = id - previous;
    if (delta > 0 && delta < 16) {
      this.bytes[this.pos++] = (delta << 4) | type;
    } else {
      this.bytes[this.pos++] = type;
      this.i16(id);
    }
  }

  override stop(): void {
    this.bytes[this.pos++] = 0;
  }

  override bool(value: boolean): void {
    this.bytes[this.pos++] = value ? boolTrue : boolFalse;
  }

  override i8(value: number): void {
    this.bytes[this.pos++] = value;
  }

  override i16(value: number): void {
    this.varint((value << 1) ^ (value >> 31));
  }

  override i32(value: number): void {
    this.varint((value << 1) ^ (value >> 31));
  }

  varint(value: number): void {
    const { bytes } = this;
    let { pos } = this;
    let rest = value >>> 0;
    while (rest > 0x7f) {
      bytes[pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[pos++] = rest;
    this.pos = pos;
  }

  override i64(value: bigint): void {
    scratchBigInt[0] = value;
    if (scratchBigInt[0] !== value) throw new Fault(`expected 64 bits, got ${value}n`);
    this.#i64(scratchInts[high] as number, scratchInts[low] as number);
  }

  override i64Number(value: number): void {
    this.#i64(Math.floor(value / 0x1_0000_0000) | 0, value | 0);
  }

  #i64(hi: number, lo: number): void {
    const sign = hi >> 31;
    let h = ((hi << 1) | (lo >>> 31)) ^ sign;
    let l = (lo << 1) ^ sign;
    const { bytes } = this;
    let { pos } = this;
    while (h !== 0) {
      bytes[pos++] = (l & 0x7f) | 0x80;
      l = (l >>> 7) | (h << 25);
      h >>>= 7;
    }
    this.pos = pos;
    this.varint(l);
  }

  override double(value: number): void {
    scratchDouble[0] = value;
    this.#littleEndian(scratchInts[low] as number);
    this.#littleEndian(scratchInts[high] as number);
  }

  #littleEndian(value: number): void {
    const { bytes, pos } = this;
    bytes[pos] = value;
    bytes[pos + 1] = value >> 8;
    bytes[pos + 2] = value >> 16;
    bytes[pos + 3] = value >> 24;
    this.pos = pos + 4;
  }

  override string(text: string): void {
    const { length } = text;
    // Here the length takes one byte, whatever the text turns out to be.
    if (length * 3 <= 0x7f) {
      this.room(1 + 3 * length);
      const { bytes, pos } = this;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        bytes[pos + 1 + i] = code;
      }
      if (i < length) {
        this.checkText(text);
        i = writeUtf8(bytes, text, pos + 1);
      }
      bytes[pos] = i;
      this.pos = pos + 1 + i;
      return;
    }
    this.checkText(text);
    const size = utf8Length(text);
    this.room(5 + size);
    this.varint(size);
    writeUtf8(this.bytes, text, this.pos);
    this.pos += size;
  }

  override binary(data: Uint8Array): void {
    this.room(5 + data.length);
    this.varint(data.length);
    this.raw(data);
  }

  override list(element: number, size: number): void {
    const type = toCompact[element] as number;
    if (size < 15) {
      this.bytes[this.pos++] = (size << 4) | type;
    } else {
      this.bytes[this.pos++] = 0xf0 | type;
      this.varint(size);
    }
  }

  override map(key: number, value: number, size: number): void {
    this.varint(size);
    if (size > 0) this.bytes[this.pos++] = ((toCompact[key] as number) << 4) | (toCompact[value] as number);
  }
}

const fixedSizes: Readonly<Record<number, number>> = {
  [WireType.Bool]: 1,
  [WireType.I8]: 1,
  [WireType.Double]: 8,
  [WireType.Uuid]: 16,
};

export class CompactReader extends Reader {
  #boolField = false;

  override field(previous: number): number {
    const byte = this.#byte();
    const compact = byte & 0x0f;
    // As in Apache's implementations, the upper half of a stop byte says nothing.
    if (compact === 0) return 0;
    const delta = byte >> 4;
    const id = delta === 0 ? this.i16() : headerId(previous) + delta;
    this.#boolField = compact === boolTrue;
    return fieldHeader(this.#type(compact), id);
  }

  #type(compact: number): number {
    const type = fromCompact[compact] as number;
    if (type === WireType.Stop) throw new Fault(`unknown compact type ${compact} before offset ${this.pos}`);
    return type;
  }

  #byte(): number {
    if (this.pos >= this.end) throw this.short(1);
    return this.bytes[this.pos++] as number;
  }

  override boolField(): boolean {
    return this.#boolField;
  }

  override bool(): boolean {
    return this.#byte() === boolTrue;
  }

  override i8(): number {
    return (this.#byte() << 24) >> 24;
  }

  override i16(): number {
    return (this.i32() << 16) >> 16;
  }

  override i32(): number {
    const value = this.varint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** 32 bits, unsigned; more are read and dropped, as Apache's implementations do, up to ten bytes. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new Fault(`an integer of more than ten bytes before offset ${this.pos}`);
  }

  /** Leaves the value in the scratch. */
  #i64(): void {
    let lo = 0;
    let hi = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift === 70) throw new Fault(`an integer of more than ten bytes before offset ${this.pos}`);
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >> 4;
      } else hi |= bits << (shift - 32);
      if (byte < 0x80) break;
    }
    const sign = -(lo & 1);
    scratchInts[low] = ((lo >>> 1) | (hi << 31)) ^ sign;
    scratchInts[high] = (hi >>> 1) ^ sign;
  }

  override i64(): bigint {
    this.#i64();
    return scratchBigInt[0] as bigint;
  }

  override i64Number(): number {
    this.#i64();
    const value = (scratchInts[high] as number) * 0x1_0000_0000 + ((scratchInts[low] as number) >>> 0);
    if (!Number.isSafeInteger(value)) throw new Fault(`an i64 beyond ±(2^53 - 1) before offset ${this.pos}`);
    return value;
  }

  override double(): number {
    if (this.pos + 8 > this.end) throw this.short(8);
    scratchInts[low] = this.#littleEndian();
    scratchInts[high] = this.#littleEndian();
    return scratchDouble[0] as number;
  }

  #littleEndian(): number {
    const { bytes, pos } = this;
    this.pos = pos + 4;
    return (
      (bytes[pos] as number) |
      ((bytes[pos + 1] as number) << 8) |
      ((bytes[pos + 2] as number) << 16) |
      ((bytes[pos + 3] as number) << 24)
    );
  }

  #size(): number {
    const size = this.varint();
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
    const byte = this.#byte();
    const short = byte >> 4;
    const size = short === 15 ? this.varint() : short;
    return { element: size === 0 ? 0 : this.#type(byte & 0x0f), size: this.count(size, 1) };
  }

  override anyMap(): { key: number; value: number; size: number } {
    const size = this.varint();
    if (size === 0) return { key: 0, value: 0, size };
    const types = this.#byte();
    return { key: this.#type(types >> 4), value: this.#type(types & 0x0f), size: this.count(size, 2) };
  }

  protected override minimum(type: number): number {
    return fixedSizes[type] ?? 1;
  }

  protected override skipScalar(type: number): void {
    switch (type) {
      case WireType.I16:
      case WireType.I32:
        this.varint();
        return;
      case WireType.I64:
        this.#i64();
        return;
      case WireType.String: {
        const size = this.#size();
        this.pos += size;
        return;
      }
      default: {
        const size = fixedSizes[type];
        if (size === undefined) throw this.unknownType(type);
        if (this.pos + size > this.end) throw this.short(size);
        this.pos += size;
      }
    }
  }
}

export const compact: ProtocolSupport = {
  name: "compact",
  writer: (options) => new CompactWriter(options),
  reader: (bytes, options) => new CompactReader(bytes, options),
};
