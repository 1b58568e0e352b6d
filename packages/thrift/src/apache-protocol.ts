import { describe, Fault } from "./fault.ts";
import { asNodeBuffer, isBytes } from "./protocol/platform.ts";
import type { Reader } from "./protocol/reader.ts";
import { high, low, scratchBigInt, scratchInts } from "./protocol/scratch.ts";
import { fieldHeader, headerId, headerType } from "./protocol/wire.ts";
import * as WireType from "./protocol/wire-type.ts";
import { scalarRoom, type Writer } from "./protocol/writer.ts";

/** What `node-int64` makes: the i64 of code for npm `thrift`. */
export interface Int64Like {
  readonly buffer: Uint8Array;
  readonly offset: number;
}

export type Int64Class = new (high: number, low: number) => Int64Like;

/** The part of npm `thrift`'s TProtocol that generated structs write to, over one of our writers. */
export class ApacheOutput {
  readonly #w: Writer;
  /** Headers of the last field of each open struct. */
  readonly #previous: number[] = [];
  /** Header of a bool field, which the compact protocol writes together with its value; 0 outside of one. */
  #bool = 0;

  constructor(w: Writer) {
    this.#w = w;
  }

  writeStructBegin(): void {
    this.#w.enter();
    this.#previous.push(0);
  }

  writeStructEnd(): void {
    this.#w.depth--;
    this.#previous.pop();
  }

  writeFieldBegin(_name: string, type: number, id: number): void {
    const last = this.#previous.length - 1;
    const header = fieldHeader(type, id);
    if (type === WireType.Bool) {
      this.#bool = header;
      return;
    }
    this.#w.room(scalarRoom);
    this.#w.field(header, this.#previous[last] as number);
    this.#previous[last] = header;
  }

  writeFieldEnd(): void {}

  writeFieldStop(): void {
    this.#w.room(1);
    this.#w.stop();
  }

  writeMapBegin(key: number, value: number, size: number): void {
    this.#w.room(scalarRoom);
    this.#w.map(key, value, size);
  }

  writeMapEnd(): void {}

  writeListBegin(element: number, size: number): void {
    this.#w.room(scalarRoom);
    this.#w.list(element, size);
  }

  writeListEnd(): void {}

  writeSetBegin(element: number, size: number): void {
    this.writeListBegin(element, size);
  }

  writeSetEnd(): void {}

  writeBool(value: unknown): void {
    this.#w.room(scalarRoom);
    if (this.#bool === 0) {
      this.#w.bool(Boolean(value));
      return;
    }
    const last = this.#previous.length - 1;
    this.#w.boolField(this.#bool, this.#previous[last] as number, Boolean(value));
    this.#previous[last] = this.#bool;
    this.#bool = 0;
  }

  writeByte(value: unknown): void {
    this.#w.room(scalarRoom);
    this.#w.i8(integer(value, 24));
  }

  writeI16(value: unknown): void {
    this.#w.room(scalarRoom);
    this.#w.i16(integer(value, 16));
  }

  writeI32(value: unknown): void {
    this.#w.room(scalarRoom);
    this.#w.i32(integer(value, 0));
  }

  writeI64(value: unknown): void {
    this.#w.room(scalarRoom);
    this.#w.i64(long(value));
  }

  writeDouble(value: unknown): void {
    this.#w.room(scalarRoom);
    // Keys of maps come as properties, and so as strings, here and above.
    this.#w.double(Number(value));
  }

  writeString(value: unknown): void {
    if (typeof value === "string") this.#w.string(value);
    else this.#binary(value);
  }

  writeBinary(value: unknown): void {
    if (typeof value === "string") this.#w.string(value);
    else this.#binary(value);
  }

  #binary(value: unknown): void {
    if (!isBytes(value)) throw new Fault(`expected a string or bytes, got ${describe(value)}`);
    this.#w.binary(value);
  }

  writeUuid(value: string): void {
    this.#w.room(scalarRoom);
    this.#w.uuid(value);
  }
}

function integer(value: unknown, shift: number): number {
  const number = Number(value);
  if ((number << shift) >> shift !== number) {
    throw new Fault(`expected an integer of ${32 - shift} bits, got ${describe(value)}`);
  }
  return number;
}

function long(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (isInt64(value)) {
    const { buffer, offset } = value;
    scratchInts[high] = int32(buffer, offset);
    scratchInts[low] = int32(buffer, offset + 4);
    return scratchBigInt[0] as bigint;
  }
  try {
    return BigInt(value as number | string);
  } catch {
    throw new Fault(`expected a 64-bit integer, got ${describe(value)}`);
  }
}

function isInt64(value: unknown): value is Int64Like {
  return typeof value === "object" && value !== null && "buffer" in value && "offset" in value;
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** The part of npm `thrift`'s TProtocol that generated structs read from, over one of our readers. */
export class ApacheInput {
  readonly #r: Reader;
  readonly #Int64: Int64Class | undefined;
  readonly #previous: number[] = [];
  /** Set between the header of a bool field and its value. */
  #inBoolField = false;

  constructor(r: Reader, Int64: Int64Class | undefined) {
    this.#r = r;
    this.#Int64 = Int64;
  }

  readStructBegin(): { fname: string } {
    this.#r.enter();
    this.#previous.push(0);
    return { fname: "" };
  }

  readStructEnd(): void {
    this.#r.depth--;
    this.#previous.pop();
  }

  readFieldBegin(): { fname: null; ftype: number; fid: number } {
    const last = this.#previous.length - 1;
    const header = this.#r.field(this.#previous[last] as number);
    if (header !== 0) this.#previous[last] = header;
    const ftype = headerType(header);
    this.#inBoolField = ftype === WireType.Bool;
    return { fname: null, ftype, fid: headerId(header) };
  }

  readFieldEnd(): void {}

  // Element types are not looked at: generated code reads by its own.
  readMapBegin(): { ktype: number; vtype: number; size: number } {
    const { key, value, size } = this.#r.anyMap();
    return { ktype: key, vtype: value, size };
  }

  readMapEnd(): void {}

  readListBegin(): { etype: number; size: number } {
    const { element, size } = this.#r.anyList();
    return { etype: element, size };
  }

  readListEnd(): void {}

  readSetBegin(): { etype: number; size: number } {
    return this.readListBegin();
  }

  readSetEnd(): void {}

  readBool(): boolean {
    if (!this.#inBoolField) return this.#r.bool();
    this.#inBoolField = false;
    return this.#r.boolField();
  }

  readByte(): number {
    return this.#r.i8();
  }

  readI16(): number {
    return this.#r.i16();
  }

  readI32(): number {
    return this.#r.i32();
  }

  readI64(): Int64Like | bigint {
    const value = this.#r.i64();
    if (this.#Int64 === undefined) return value;
    scratchBigInt[0] = value;
    return new this.#Int64(scratchInts[high] as number, scratchInts[low] as number);
  }

  readDouble(): number {
    return this.#r.double();
  }

  readString(): string {
    return this.#r.string();
  }

  readBinary(): Uint8Array {
    return asNodeBuffer(this.#r.binary());
  }

  readUuid(): string {
    return this.#r.uuid();
  }

  skip(type: number): void {
    if (type === WireType.Bool) this.readBool();
    else this.#r.skip(type);
  }

  // Newer compilers print these around every struct; the depth is counted already.
  incrementRecursionDepth(): void {}
  decrementRecursionDepth(): void {}
}
