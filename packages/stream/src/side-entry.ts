import { fromBase64, toBase64 } from "./base64.ts";
import { RpcError } from "./errors.ts";
import type { Field, Fields } from "./fields.ts";

declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

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
const Kind = {
  persistent: 1,
  transient: 2,
  metadataText: 3,
  metadataBytes: 4,
  fieldText: 5,
  fieldBytes: 6,
  backward: 7,
} as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What an entry without sections reads: it says "I am Slipstream" and nothing more. */
export const emptySideEntry = "AQ";

/** The side entry as text: base64 without padding, for a header value of any transport. */
export function encodeSideEntry(entry: SideEntry): string {
  const parts: Uint8Array[] = [];
  if (entry.persistent !== undefined) putMap(parts, Kind.persistent, entry.persistent);
  if (entry.transient !== undefined) putMap(parts, Kind.transient, entry.transient);
  if (entry.metadata !== undefined) putFields(parts, Kind.metadataText, Kind.metadataBytes, entry.metadata);
  if (entry.fields !== undefined) putFields(parts, Kind.fieldText, Kind.fieldBytes, entry.fields);
  if (entry.backward !== undefined) putMap(parts, Kind.backward, entry.backward);
  if (parts.length === 0) return emptySideEntry;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 1));
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
  const maps = new Map<number, Map<string, string>>();
  const metadata: Field[] = [];
  const fields: Field[] = [];
  while (!reader.isAtEnd) {
    const kind = reader.byte();
    const key = reader.block();
    const value = reader.block();
    switch (kind) {
      case Kind.persistent:
      case Kind.transient:
      case Kind.backward: {
        const map = maps.get(kind) ?? new Map<string, string>();
        maps.set(kind, map.set(readText(key), readText(value)));
        break;
      }
      case Kind.metadataText:
        metadata.push([readText(key), readText(value)]);
        break;
      case Kind.metadataBytes:
        metadata.push([readText(key), value.slice()]);
        break;
      case Kind.fieldText:
        fields.push([readText(key), readText(value)]);
        break;
      case Kind.fieldBytes:
        fields.push([readText(key), value.slice()]);
        break;
      default:
    }
  }
  const persistent = maps.get(Kind.persistent);
  const transient = maps.get(Kind.transient);
  const backward = maps.get(Kind.backward);
  return {
    ...(persistent && { persistent }),
    ...(transient && { transient }),
    ...(metadata.length > 0 && { metadata }),
    ...(fields.length > 0 && { fields }),
    ...(backward && { backward }),
  };
}

function putMap(parts: Uint8Array[], kind: number, map: ReadonlyMap<string, string>): void {
  for (const [key, value] of map) put(parts, kind, key, encoder.encode(value));
}

function putFields(parts: Uint8Array[], text: number, binary: number, fields: Fields): void {
  for (const [name, value] of fields) {
    if (typeof value === "string") put(parts, text, name, encoder.encode(value));
    else put(parts, binary, name, value);
  }
}

function put(parts: Uint8Array[], kind: number, key: string, value: Uint8Array): void {
  const name = encoder.encode(key);
  parts.push(Uint8Array.of(kind, ...varint(name.length)), name, Uint8Array.from(varint(value.length)), value);
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
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed("a text that is not UTF-8");
  }
}

function malformed(why: string): RpcError {
  return new RpcError("internal", `malformed slipstream side entry: ${why}`);
}
