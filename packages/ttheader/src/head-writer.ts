import * as Section from "./format/section.ts";
import { FIXED_BYTES, MAGIC } from "./format.ts";
import { FrameError } from "./frame-error.ts";
import { overLimit, type ResolvedFrameLimits } from "./limits.ts";
import { writeText } from "./platform.ts";

const maxPairs = 0xffff;

/** The most bytes of a head without its pairs: fixed part, protocol id, transforms, heads of three sections, padding. */
export const HEAD_BYTES: number = FIXED_BYTES + 2 + 9 + 3;

/** The most bytes of a pair whose text has so many UTF-16 units. */
export function pairBound(units: number): number {
  return 4 + 3 * units;
}

/**
 * Writes the head of one frame after another straight to where it is to be: `begin`, then sections in the order in which
 * Kitex writes them (token, strings, integers), then `finish`. The caller has made room, by {@link HEAD_BYTES} and
 * {@link pairBound}.
 */
export class HeadWriter {
  readonly #limits: ResolvedFrameLimits;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #at = 0;
  #countAt = 0;
  #count = 0;

  constructor(limits: ResolvedFrameLimits) {
    this.#limits = limits;
  }

  begin(bytes: Uint8Array, start: number, flags: number, protocolId: number): void {
    this.#bytes = bytes;
    this.#start = start;
    putUint16(bytes, start + 4, MAGIC);
    putUint16(bytes, start + 6, flags);
    bytes[start + FIXED_BYTES] = protocolId;
    bytes[start + FIXED_BYTES + 1] = 0;
    this.#at = start + FIXED_BYTES + 2;
  }

  /** The ACL token, a section of its own. */
  token(value: string): void {
    this.#bytes[this.#at++] = Section.aclToken;
    this.#text(value);
  }

  beginStrings(): void {
    this.#beginSection(Section.strings);
  }

  string(key: string, value: string): void {
    this.#count++;
    this.#text(key);
    this.#text(value);
  }

  /** A string pair whose key has a prefix in ASCII. */
  prefixed(prefix: string, key: string, value: string): void {
    this.#count++;
    const lengthAt = this.#at;
    this.#at = writeText(this.#bytes, lengthAt + 2, prefix);
    this.#at = writeText(this.#bytes, this.#at, key);
    this.#putLength(lengthAt);
    this.#text(value);
  }

  beginInts(): void {
    this.#beginSection(Section.ints);
  }

  int(key: number, value: string): void {
    this.#count++;
    putUint16(this.#bytes, this.#at, key);
    this.#at += 2;
    this.#text(value);
  }

  /** Ends the section of strings or integers. */
  endSection(): void {
    if (this.#count > maxPairs) {
      throw new FrameError("limit", `${this.#count} pairs in one section, at most ${maxPairs} fit`);
    }
    putUint16(this.#bytes, this.#countAt, this.#count);
  }

  /**
   * Ends the head of a frame with so many bytes of payload behind it, and returns where it ends.
   * @throws FrameError when it is over a limit.
   */
  finish(sequenceId: number, payloadBytes: number): number {
    const bytes = this.#bytes;
    const infoStart = this.#start + FIXED_BYTES;
    let end = this.#at;
    while (((end - infoStart) & 3) !== 0) bytes[end++] = Section.padding;
    const infoBytes = end - infoStart;
    if (infoBytes > this.#limits.maxHeaderBytes) {
      throw overLimit("header info", infoBytes, "maxHeaderBytes", this.#limits.maxHeaderBytes);
    }
    putUint16(bytes, this.#start + 12, infoBytes >>> 2);
    patchHead(bytes, this.#start, sequenceId, end - this.#start + payloadBytes);
    return end;
  }

  #beginSection(section: number): void {
    this.#bytes[this.#at] = section;
    this.#countAt = this.#at + 1;
    this.#count = 0;
    this.#at += 3;
  }

  #text(value: string): void {
    const lengthAt = this.#at;
    this.#at = writeText(this.#bytes, lengthAt + 2, value);
    this.#putLength(lengthAt);
  }

  #putLength(lengthAt: number): void {
    const length = this.#at - lengthAt - 2;
    const { maxStringBytes } = this.#limits;
    if (length > maxStringBytes)
      throw overLimit("a header key or value", length, "maxStringBytes", maxStringBytes);
    putUint16(this.#bytes, lengthAt, length);
  }
}

/** Puts the two fields that differ between frames of one kind on one stream into a copy of its head. */
export function patchHead(target: Uint8Array, at: number, sequenceId: number, frameBytes: number): void {
  putInt32(target, at, frameBytes - 4);
  putInt32(target, at + 8, sequenceId);
}

function putUint16(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 8;
  target[at + 1] = value;
}

export function putInt32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
