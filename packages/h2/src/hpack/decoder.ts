import { ErrorCode, H2Error } from "../error.ts";
import { nameKind, ReceivedField, Section } from "../field.ts";
import { asciiText, utf8Text } from "../platform.ts";
import { decodeHuffman, huffmanOutput } from "./huffman.ts";
import { emptyRing, twiceTheRing } from "./ring.ts";
import { SectionCache } from "./section-cache.ts";
import { STATIC_ENTRIES, STATIC_TABLE } from "./static-table.ts";

export interface DecoderLimits {
  /** What our SETTINGS_HEADER_TABLE_SIZE says. */
  readonly tableBytes: number;
  /** What our SETTINGS_MAX_HEADER_LIST_SIZE says. */
  readonly listBytes: number;
}

function fail(what: string): never {
  throw new H2Error(ErrorCode.COMPRESSION_ERROR, `${what} in a field block (RFC 7541)`);
}

/**
 * Reads field blocks (RFC 7541, 3.2). What it holds is bounded: the table by `tableBytes`, a list by `listBytes`; of a longer list the rest is read for
 * the table's sake and dropped.
 */
export class Decoder {
  #limits: DecoderLimits;
  /** What the peer's encoder uses, which is 4096 until it says otherwise (RFC 9113, 4.3.1), and at most `tableBytes`. */
  #tableMax = 4096;
  #tableSize = 0;
  /** Entries by age, the newest at `#inserted - 1`, each at its number modulo the length. */
  #ring: (ReceivedField | undefined)[] = emptyRing();
  #inserted = 0;
  #count = 0;
  /** Changes with the table and the limits. */
  #generation = 0;
  readonly #cache: SectionCache = new SectionCache();
  /** Our limit went below what the peer uses, so the next block must begin with a smaller size (RFC 7541, 4.2). */
  #mustShrink = false;

  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  // Of the string read last.
  #stringBytes = 0;
  #isClean = true;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
  }

  /** New limits, once the peer has acknowledged them; before that, its table is of 4096 bytes. */
  setLimits(limits: DecoderLimits): void {
    this.#limits = limits;
    this.#generation++;
    if (limits.tableBytes < this.#tableMax) this.#mustShrink = true;
  }

  /** @throws H2Error COMPRESSION_ERROR for a block that does not follow RFC 7541. The connection cannot go on then. */
  decode(bytes: Uint8Array, start: number, end: number): Section {
    const known = this.#cache.get(bytes, start, end, this.#generation);
    if (known !== undefined) return known;
    const generation = this.#generation;
    const section = this.#read(bytes, start, end);
    if (generation === this.#generation) this.#cache.set(bytes, start, end, generation, section);
    return section;
  }

  #read(bytes: Uint8Array, start: number, end: number): Section {
    const fields: ReceivedField[] = [];
    let listBytes = 0;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    while (this.#at < end && ((bytes[this.#at] as number) & 0xe0) === 0x20) this.#resize();
    if (this.#mustShrink) fail("no reduction of the table's size");
    while (this.#at < end) {
      const first = bytes[this.#at] as number;
      if ((first & 0xe0) === 0x20) fail("a change of the table's size after a field");
      let field: ReceivedField;
      if ((first & 0x80) !== 0) {
        field = this.#entry(this.#integer(0x7f));
      } else if ((first & 0x40) !== 0) {
        field = this.#literal(0x3f, false);
        this.#insert(field);
      } else {
        field = this.#literal(0x0f, (first & 0x10) !== 0);
      }
      listBytes += field.size;
      if (listBytes <= this.#limits.listBytes) fields.push(field);
    }
    this.#bytes = EMPTY;
    return new Section(fields, listBytes > this.#limits.listBytes);
  }

  #resize(): void {
    const size = this.#integer(0x1f);
    if (size > this.#limits.tableBytes) fail("a table larger than SETTINGS_HEADER_TABLE_SIZE");
    this.#mustShrink = false;
    this.#tableMax = size;
    this.#generation++;
    this.#evict(0);
  }

  #literal(mask: number, neverIndexed: boolean): ReceivedField {
    const index = this.#integer(mask);
    let name: string;
    let kind: number;
    if (index === 0) {
      name = this.#name();
      kind = nameKind(name);
    } else {
      const entry = this.#entry(index);
      name = entry.name;
      kind = entry.nameKind;
    }
    const value = this.#value();
    return new ReceivedField(name, kind, value, this.#stringBytes, this.#isClean, neverIndexed);
  }

  #entry(index: number): ReceivedField {
    if (index <= STATIC_ENTRIES) {
      if (index === 0) fail("index 0");
      return STATIC_TABLE[index - 1] as ReceivedField;
    }
    const age = index - STATIC_ENTRIES;
    if (age > this.#count) fail(`index ${index}, which the table does not have,`);
    return this.#ring[(this.#inserted - age) & (this.#ring.length - 1)] as ReceivedField;
  }

  #insert(field: ReceivedField): void {
    this.#generation++;
    this.#evict(field.size);
    if (field.size > this.#tableMax) return;
    if (this.#count === this.#ring.length) this.#ring = twiceTheRing(this.#ring, this.#inserted);
    this.#ring[this.#inserted++ & (this.#ring.length - 1)] = field;
    this.#count++;
    this.#tableSize += field.size;
  }

  /** RFC 7541, 4.3 and 4.4: an entry larger than the table empties it. */
  #evict(room: number): void {
    while (this.#count > 0 && this.#tableSize + room > this.#tableMax) {
      const at = (this.#inserted - this.#count--) & (this.#ring.length - 1);
      this.#tableSize -= (this.#ring[at] as ReceivedField).size;
      this.#ring[at] = undefined;
    }
  }

  /** RFC 7541, 5.1; up to 28 bits, which no index, size or length that we allow needs. */
  #integer(mask: number): number {
    let value = (this.#bytes[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) break;
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail("an integer that is cut off or too large");
  }

  #name(): string {
    const isCoded = this.#string();
    const start = this.#at - this.#stringBytes;
    if (!isCoded) return asciiText(this.#bytes, start, this.#at);
    this.#decodeString(start);
    return asciiText(huffmanOutput, 0, this.#stringBytes);
  }

  #value(): string | Uint8Array {
    const isCoded = this.#string();
    const start = this.#at - this.#stringBytes;
    if (!isCoded) return this.#text(this.#bytes, start, this.#at);
    this.#decodeString(start);
    return this.#text(huffmanOutput, 0, this.#stringBytes);
  }

  /** Passes over a string, of `#stringBytes` bytes before `#at`. Returns whether they are Huffman-coded. */
  #string(): boolean {
    if (this.#at >= this.#end) fail("a string that is cut off");
    const isCoded = (this.#bytes[this.#at] as number) >= 0x80;
    const length = this.#integer(0x7f);
    this.#at += length;
    if (this.#at > this.#end) fail("a string that is cut off");
    this.#stringBytes = length;
    return isCoded;
  }

  /** Into `huffmanOutput`, which may become another buffer by it. */
  #decodeString(start: number): void {
    this.#stringBytes = decodeHuffman(this.#bytes, start, this.#at);
  }

  /** A string, or the bytes when they are not UTF-8. NUL, LF and CR are not allowed in a value (RFC 9113, 8.2.1). */
  #text(bytes: Uint8Array, start: number, end: number): string | Uint8Array {
    let high = 0;
    this.#isClean = true;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      high |= byte;
      if (byte <= 13 && (byte === 0 || byte === 10 || byte === 13)) this.#isClean = false;
    }
    if (high < 0x80) return asciiText(bytes, start, end);
    return utf8Text(bytes.subarray(start, end)) ?? Uint8Array.prototype.slice.call(bytes, start, end);
  }
}

const EMPTY = new Uint8Array(0);
