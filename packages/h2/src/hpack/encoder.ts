import { ErrorCode, H2Error } from "../error.ts";
import { Kind, nameKind } from "../field.ts";
import { putAscii, utf8Bytes } from "../platform.ts";
import type { Field, Fields } from "../types.ts";
import { huffmanLength, putHuffman } from "./huffman.ts";
import { putInteger } from "./integer.ts";
import { emptyRing, twiceTheRing } from "./ring.ts";
import { STATIC_ENTRIES, STATIC_NAMES, STATIC_TABLE } from "./static-table.ts";

/** Names that the encoder remembers, beyond those in the table. */
const MAX_NAMES = 1024;
/** Shared lists whose encoding it keeps. */
const MAX_BLOCKS = 256;
/** Their values are secrets, so they are never indexed (RFC 7541, 7.1.3). */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
]);

const NONE: Fields = [];

/** An entry of the dynamic table. */
class Entry {
  readonly owner: Name;
  readonly value: string;
  readonly size: number;
  /** How many were put in before it. */
  readonly number: number;

  constructor(owner: Name, value: string, size: number, number: number) {
    this.owner = owner;
    this.value = value;
    this.size = size;
    this.number = number;
  }
}

/** What the encoder knows of a name; having one means that the name may be sent. */
class Name {
  readonly text: string;
  readonly isSecret: boolean;
  /** The lowest index in the static table, or 0. */
  readonly staticIndex: number;
  /** Its entries in the dynamic table, oldest first. */
  readonly entries: Entry[] = [];
  /** The value sent last that was in no table. */
  last: string | undefined;

  constructor(text: string) {
    if (nameKind(text) === Kind.MALFORMED) {
      throw new H2Error(
        ErrorCode.PROTOCOL_ERROR,
        `field name ${JSON.stringify(text)} cannot be sent: HTTP/2 wants a lower-case token that is not connection-specific (RFC 9113, 8.2)`,
      );
    }
    this.text = text;
    this.isSecret = SECRET_NAMES.has(text);
    this.staticIndex = STATIC_NAMES.get(text) ?? 0;
  }
}

/** A shared list, as it was encoded when the table was of that generation. */
export class SharedBlock {
  readonly fields: Fields;
  /** What it counts at most; see `bound`. */
  readonly bound: number;
  generation = -1;
  bytes: Uint8Array = new Uint8Array(0);
  /** The oldest entry that they refer to, by its number. */
  oldest: number = Number.POSITIVE_INFINITY;

  constructor(fields: Fields) {
    this.fields = fields;
    this.bound = bound(fields) + 16;
  }
}

const NOTHING_SHARED = new SharedBlock(NONE);

/**
 * Writes field blocks (RFC 7541, 3.2).
 *
 * A value goes into the dynamic table when its name has no other there, or when it comes a second time in a row: values that change with every call stay
 * out. Those of shared lists go in at once while there is room. What goes in is Huffman-coded, since that is paid for once; the rest is not. Nothing that a
 * block refers to makes room for another field of it: a section larger than the table would else drive out its own beginning, with every call again.
 */
export class Encoder {
  readonly #ownMax: number;
  /** What the table may hold: the smaller of our own maximum and the peer's SETTINGS_HEADER_TABLE_SIZE. */
  #max: number;
  #size = 0;
  /** Entries by age, each at its number modulo the length. */
  #ring: (Entry | undefined)[] = emptyRing();
  #inserted = 0;
  #count = 0;
  /** The oldest entry that the block being written refers to, by its number. */
  #oldestInUse: number = Number.POSITIVE_INFINITY;
  /** Changes with the table. */
  #generation = 0;
  readonly #names: Map<string, Name> = new Map();
  readonly #blocks: Map<Fields, SharedBlock> = new Map();
  /** The smallest size since the last block that the peer has to be told of (RFC 7541, 4.2). */
  #smallest = -1;

  constructor(tableBytes: number) {
    this.#ownMax = tableBytes;
    // The peer's table is of this size until its SETTINGS come.
    this.#max = Math.min(tableBytes, 4096);
    if (this.#max < 4096) this.#smallest = this.#max;
  }

  /** Of the peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableBytes(bytes: number): void {
    this.#resize(Math.min(bytes, this.#ownMax));
  }

  #resize(max: number): void {
    if (max === this.#max) return;
    this.#smallest = this.#smallest < 0 ? max : Math.min(max, this.#smallest);
    this.#max = max;
    this.#evict(0);
    this.#generation++;
  }

  /** What is kept of a shared list. */
  shared(fields: Fields): SharedBlock {
    if (fields.length === 0) return NOTHING_SHARED;
    let block = this.#blocks.get(fields);
    if (block === undefined) {
      if (this.#blocks.size >= MAX_BLOCKS) this.#blocks.clear();
      block = new SharedBlock(fields);
      this.#blocks.set(fields, block);
    }
    return block;
  }

  /**
   * Writes the block of both lists, which takes no more than their bounds together. Returns where it ended.
   *
   * @throws H2Error for a name or a value that cannot be sent; then nothing counts as written.
   */
  write(bytes: Uint8Array, at: number, shared: SharedBlock, fields: Fields = NONE): number {
    this.#oldestInUse = Number.POSITIVE_INFINITY;
    try {
      if (this.#smallest >= 0) at = this.#announceSize(bytes, at);
      if (shared !== NOTHING_SHARED) at = this.#writeShared(bytes, at, shared);
      for (let i = 0; i < fields.length; i++) at = this.#writeField(bytes, at, fields[i] as Field, false);
      return at;
    } catch (error) {
      // The table may have entries that the peer will not see: start again with an empty one.
      const max = this.#max;
      this.#resize(0);
      this.#resize(max);
      this.#smallest = 0;
      throw error;
    }
  }

  #announceSize(bytes: Uint8Array, at: number): number {
    at = putInteger(bytes, at, 0x20, 0x1f, this.#smallest);
    if (this.#smallest !== this.#max) at = putInteger(bytes, at, 0x20, 0x1f, this.#max);
    this.#smallest = -1;
    return at;
  }

  #writeShared(bytes: Uint8Array, at: number, block: SharedBlock): number {
    if (block.generation === this.#generation) {
      const kept = block.bytes;
      const { length } = kept;
      for (let i = 0; i < length; i++) bytes[at + i] = kept[i] as number;
      this.#oldestInUse = block.oldest;
      return at + length;
    }
    const shared = block.fields;
    const generation = this.#generation;
    const start = at;
    for (let i = 0; i < shared.length; i++) at = this.#writeField(bytes, at, shared[i] as Field, true);
    if (this.#generation === generation) {
      block.generation = generation;
      block.bytes = Uint8Array.prototype.slice.call(bytes, start, at);
      block.oldest = this.#oldestInUse;
    }
    return at;
  }

  #writeField(bytes: Uint8Array, at: number, field: Field, isShared: boolean): number {
    const { value } = field;
    const name = this.#names.get(field.name) ?? this.#learn(field.name);
    if (name.isSecret || field.neverIndexed === true) return this.#writeLiteral(bytes, at, name, value, 0x10);
    if (typeof value !== "string") return this.#writeLiteral(bytes, at, name, value, 0);

    const { entries } = name;
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i] as Entry;
      if (entry.value !== value) continue;
      this.#use(entry.number);
      return putInteger(bytes, at, 0x80, 0x7f, this.#index(entry));
    }
    for (let i = name.staticIndex; i > 0 && i <= STATIC_ENTRIES; i++) {
      const entry = STATIC_TABLE[i - 1] as Field;
      if (entry.name !== name.text) break;
      if (entry.value === value) return putInteger(bytes, at, 0x80, 0x7f, i);
    }
    // The length of the text, which is that of its bytes if it is ASCII.
    const size = name.text.length + value.length + 32;
    if (size * 2 > this.#max) return this.#writeLiteral(bytes, at, name, value, 0);
    const isWorthKeeping =
      entries.length === 0 || name.last === value
        ? this.#canHold(size)
        : isShared && this.#size + size <= this.#max;
    name.last = value;
    if (!isWorthKeeping || !isAscii(value)) return this.#writeLiteral(bytes, at, name, value, 0);
    return this.#writeIndexed(bytes, at, name, value, size);
  }

  #learn(text: string): Name {
    const name = new Name(text);
    if (this.#names.size >= MAX_NAMES) {
      for (const [key, known] of this.#names) if (known.entries.length === 0) this.#names.delete(key);
    }
    this.#names.set(text, name);
    return name;
  }

  #index(entry: Entry): number {
    return STATIC_ENTRIES + this.#inserted - entry.number;
  }

  /** A literal that goes into the table (RFC 7541, 6.2.1). */
  #writeIndexed(bytes: Uint8Array, at: number, name: Name, value: string, size: number): number {
    const { text, entries } = name;
    checkValue(text, value);
    at = this.#writeName(bytes, at, name, 0x40, 0x3f);
    at = putCoded(bytes, at, value);
    this.#evict(size);
    if (this.#count === this.#ring.length) this.#ring = twiceTheRing(this.#ring, this.#inserted);
    this.#use(this.#inserted);
    const entry = new Entry(name, value, size, this.#inserted);
    this.#ring[this.#inserted++ & (this.#ring.length - 1)] = entry;
    this.#count++;
    this.#size += size;
    entries.push(entry);
    this.#generation++;
    return at;
  }

  /** A literal that stays out of the table (RFC 7541, 6.2.2 and 6.2.3). */
  #writeLiteral(
    bytes: Uint8Array,
    at: number,
    name: Name,
    value: string | Uint8Array,
    first: number,
  ): number {
    at = this.#writeName(bytes, at, name, first, 0x0f);
    return typeof value === "string"
      ? putText(bytes, at, name.text, value)
      : putBytes(bytes, at, name.text, value);
  }

  #writeName(bytes: Uint8Array, at: number, name: Name, first: number, mask: number): number {
    const { staticIndex, entries } = name;
    if (staticIndex !== 0) return putInteger(bytes, at, first, mask, staticIndex);
    const newest = entries[entries.length - 1];
    if (newest !== undefined) return putInteger(bytes, at, first, mask, this.#index(newest));
    bytes[at++] = first;
    return putCoded(bytes, at, name.text);
  }

  #use(entryNumber: number): void {
    if (entryNumber < this.#oldestInUse) this.#oldestInUse = entryNumber;
  }

  /** Whether room can be made without what the block being written refers to. */
  #canHold(size: number): boolean {
    let room = this.#max - this.#size;
    for (
      let n = this.#inserted - this.#count;
      room < size && n < this.#oldestInUse && n < this.#inserted;
      n++
    ) {
      room += (this.#ring[n & (this.#ring.length - 1)] as Entry).size;
    }
    return room >= size;
  }

  #evict(room: number): void {
    while (this.#count > 0 && this.#size + room > this.#max) {
      const at = (this.#inserted - this.#count--) & (this.#ring.length - 1);
      const entry = this.#ring[at] as Entry;
      this.#ring[at] = undefined;
      this.#size -= entry.size;
      // The oldest of the table is the oldest of its name.
      entry.owner.entries.shift();
    }
  }
}

/** What the field counts in a list (RFC 9113, 6.5.2), exactly. */
export function listBytes(fields: Fields): number {
  let size = 0;
  for (const { name, value } of fields) {
    size +=
      name.length + (typeof value === "string" && !isAscii(value) ? utf8Bytes(value) : value).length + 32;
  }
  return size;
}

/** At least as many bytes as the fields take in a block, and as they count in a list: a UTF-16 unit is at most three bytes of UTF-8. */
export function bound(fields: Fields): number {
  let bytes = 0;
  for (let i = 0; i < fields.length; i++) {
    const { name, value } = fields[i] as Field;
    bytes += name.length + value.length * 3 + 32;
  }
  return bytes;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Huffman-coded when that is shorter; ASCII only. */
function putCoded(bytes: Uint8Array, at: number, text: string): number {
  const length = huffmanLength(text);
  if (length < text.length) return putHuffman(bytes, putInteger(bytes, at, 0x80, 0x7f, length), text);
  at = putInteger(bytes, at, 0, 0x7f, text.length);
  putAscii(bytes, at, text);
  return at + text.length;
}

function putText(bytes: Uint8Array, at: number, name: string, text: string): number {
  const { length } = text;
  const start = putInteger(bytes, at, 0, 0x7f, length);
  let high = 0;
  let isClean = true;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    bytes[start + i] = unit;
    high |= unit;
    if (unit <= 13 && (unit === 0 || unit === 10 || unit === 13)) isClean = false;
  }
  if (high > 0x7f) return putBytes(bytes, at, name, utf8Bytes(text));
  if (!isClean || isBlank(text.charCodeAt(0)) || isBlank(text.charCodeAt(length - 1))) refuseValue(name);
  return start + length;
}

function putBytes(bytes: Uint8Array, at: number, name: string, value: Uint8Array): number {
  const { length } = value;
  at = putInteger(bytes, at, 0, 0x7f, length);
  let isClean = true;
  for (let i = 0; i < length; i++) {
    const byte = value[i] as number;
    bytes[at + i] = byte;
    if (byte <= 13 && (byte === 0 || byte === 10 || byte === 13)) isClean = false;
  }
  if (!isClean || isBlank(value[0]) || isBlank(value[length - 1])) refuseValue(name);
  return at + length;
}

/** RFC 9113, 8.2.1. */
function checkValue(name: string, value: string): void {
  let isClean = !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit === 0 || unit === 10 || unit === 13) isClean = false;
  }
  if (!isClean) refuseValue(name);
}

function isBlank(unit: number | undefined): boolean {
  return unit === 0x20 || unit === 0x09;
}

function refuseValue(name: string): never {
  throw new H2Error(
    ErrorCode.PROTOCOL_ERROR,
    `the value of field ${JSON.stringify(name)} cannot be sent: it has NUL, CR or LF, or a blank at an end (RFC 9113, 8.2.1)`,
  );
}
