import { decodeUtf8 } from "@slipstream/metainfo";
import { fromBase64, toBase64 } from "#text";
import { RpcError } from "./errors.ts";
import type { Field, Fields } from "./fields.ts";

declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/**
 * What a wire's native form could not carry exactly, for a peer that is Slipstream too. A section is here whole or not at
 * all: where it is, the reader takes it instead of the native one.
 */
export interface SideEntry {
  readonly persistent?: ReadonlyMap<string, string>;
  readonly transient?: ReadonlyMap<string, string>;
  readonly metadata?: Fields;
  /** Header or trailer, by where the entry stands. */
  readonly fields?: Fields;
  readonly backward?: ReadonlyMap<string, string>;
}

const VERSION = 1;
/** Where the entries of a kind belong, by the kind's number. Kinds of lists come in pairs: for text, and for bytes. */
const sections = [
  undefined,
  "persistent",
  "transient",
  "metadata",
  "metadata",
  "fields",
  "fields",
  "backward",
] as const;
const byteKinds: readonly number[] = [4, 6];

const encoder = new TextEncoder();

/** What an entry without sections reads: it says "I am Slipstream" and nothing more. */
export const emptySideEntry = "AQ";

/** The side entry as text: base64 without padding, for a header value of any transport. */
export function encodeSideEntry(entry: SideEntry): string {
  const parts: Uint8Array[] = [];
  let size = 1;
  let previous: string | undefined;
  for (const [kind, section] of sections.entries()) {
    // The kinds of a list go together, in its order.
    if (section === undefined || section === previous) continue;
    previous = section;
    for (const [key, value] of entry[section] ?? []) {
      const isText = typeof value === "string";
      const name = encoder.encode(key);
      const content = isText ? encoder.encode(value) : value;
      const head = Uint8Array.of(isText ? kind : kind + 1, ...varint(name.length));
      const length = Uint8Array.from(varint(content.length));
      parts.push(head, name, length, content);
      size += head.length + name.length + length.length + content.length;
    }
  }
  if (parts.length === 0) return emptySideEntry;
  const bytes = new Uint8Array(size);
  bytes[0] = VERSION;
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return toBase64(bytes);
}

/**
 * Reads a side entry; kinds that it does not know are skipped.
 * @throws RpcError `internal` when it is malformed.
 */
export function decodeSideEntry(text: string): SideEntry {
  if (text === emptySideEntry) return {};
  const bytes = fromBase64(text);
  if (bytes === undefined) throw malformed("no base64");
  if (bytes[0] !== VERSION) throw malformed(`version ${bytes[0] ?? "missing"}, expected ${VERSION}`);
  const reader = new Reader(bytes);
  const maps: { [section: string]: Map<string, string> } = {};
  const lists: { [section: string]: Field[] } = {};
  while (!reader.isAtEnd) {
    const kind = reader.byte();
    const key = reader.block();
    const value = reader.block();
    const section = sections[kind];
    if (section === undefined) continue;
    if (section === "metadata" || section === "fields") {
      lists[section] ??= [];
      lists[section].push([readText(key), byteKinds.includes(kind) ? value.slice() : readText(value)]);
    } else {
      maps[section] ??= new Map();
      maps[section].set(readText(key), readText(value));
    }
  }
  return { ...maps, ...lists };
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  bytes.push(value);
  return bytes;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw malformed("cut short");
    return byte;
  }

  /** A length and so many bytes. */
  block(): Uint8Array {
    let length = 0;
    // Four bytes hold 28 bits, more than any header can.
    for (let shift = 0; ; shift += 7) {
      if (shift > 21) throw malformed("a length of more than four bytes");
      const byte = this.byte();
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw malformed(`a length of ${length} past its end`);
    return this.#bytes.subarray(start, this.#at);
  }
}

function readText(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw malformed("a text that is not UTF-8");
  return text;
}

function malformed(why: string): RpcError {
  return new RpcError("internal", `malformed slipstream side entry: ${why}`);
}
