import * as Flag from "./format/flag.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";
import * as ProtocolId from "./format/protocol-id.ts";
import * as Section from "./format/section.ts";
import { ACL_TOKEN_KEY, FIXED_BYTES, MAGIC } from "./format.ts";
import { FrameError } from "./frame-error.ts";
import { overLimit, type ResolvedFrameLimits } from "./limits.ts";
import { TextRange } from "./platform.ts";

const KNOWN_PROTOCOLS = new Set<number>([
  ProtocolId.thriftBinary,
  ProtocolId.thriftCompactV2,
  ProtocolId.kitexProtobuf,
  ProtocolId.thriftStruct,
  ProtocolId.protobufStruct,
]);
const KIND_DIGIT = 0x30;
const noBytes = new Uint8Array(0);

/**
 * Reads the head of one frame after another. `read` checks the whole head and leaves what every frame needs
 * in fields, without making an object; strings and integer pairs are read when asked for. One instance
 * serves a connection: what it says holds until the next `read`.
 */
export class FrameHead {
  flags = 0;
  sequenceId = 0;
  protocolId = 0;
  /** `FrameKind.none` unless the streaming flag is set. */
  kind: FrameKind.Kind = FrameKind.none;
  payloadStart = 0;
  payloadEnd = 0;
  /** Whether there is a section for string pairs, be it empty: Kitex tells "no map" from "empty map". */
  hasStrings = false;
  /** Whether there is any string pair, the ACL token included: most heads of frames have none. */
  hasPairs = false;

  /** Where the sections lie, up to the payload. */
  bytes: Uint8Array = noBytes;
  sectionsStart = 0;
  #words: DataView | undefined;

  readonly #limits: ResolvedFrameLimits;
  /** The memory of `bytes`, and where in it they begin: to ask for these costs more than to make a view. */
  #memory: ArrayBufferLike = noBytes.buffer;
  #offset = 0;

  constructor(limits: ResolvedFrameLimits) {
    this.#limits = limits;
  }

  /**
   * Reads the frame in `bytes[start, end)`, LENGTH included.
   * @throws FrameError
   */
  read(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < FIXED_BYTES) {
      throw new FrameError("truncated", `a frame has at least ${FIXED_BYTES} bytes, this one ${end - start}`);
    }
    if (uint16(bytes, start + 4) !== MAGIC) throw wrongMagic(uint16(bytes, start + 4));
    const infoStart = start + FIXED_BYTES;
    const infoBytes = uint16(bytes, start + 12) * 4;
    const infoEnd = infoStart + infoBytes;
    if (infoBytes === 0) throw new FrameError("truncated", "HEADER SIZE is 0, at least 1 was expected");
    if (infoBytes > this.#limits.maxHeaderBytes) {
      throw overLimit("header info", infoBytes, "maxHeaderBytes", this.#limits.maxHeaderBytes);
    }
    if (infoEnd > end) {
      throw new FrameError("truncated", `header info of ${infoBytes} bytes in a frame of ${end - start}`);
    }
    this.flags = uint16(bytes, start + 6);
    this.sequenceId = int32(bytes, start + 8);
    this.protocolId = bytes[infoStart] as number;
    if (!KNOWN_PROTOCOLS.has(this.protocolId)) {
      throw new FrameError(
        "unknown",
        `protocol id ${hex(this.protocolId)}; known are 0x00, 0x03, 0x04, 0x10 and 0x11`,
      );
    }
    this.#setBytes(bytes);
    this.sectionsStart = infoStart + 2 + (bytes[infoStart + 1] as number);
    this.payloadStart = infoEnd;
    this.payloadEnd = end;
    const digit = this.#check();
    this.kind = (this.flags & Flag.streaming) === 0 ? FrameKind.none : kindOf(digit);
  }

  /** A view of the payload. */
  payload(): Uint8Array {
    return this.view(this.payloadStart, this.payloadEnd);
  }

  /** A view of a part of `bytes`. */
  view(start: number, end: number): Uint8Array {
    return new Uint8Array(this.#memory, this.#offset + start, end - start);
  }

  /** Lets go of the bytes that it read, so that an idle connection does not keep them. */
  release(): void {
    this.#setBytes(noBytes);
    this.sectionsStart = 0;
    this.payloadStart = 0;
    this.payloadEnd = 0;
    this.hasStrings = false;
    this.hasPairs = false;
  }

  /** All string pairs, of a repeated key the last; undefined when the frame has no section for strings. */
  strings(): Map<string, string> | undefined {
    if (!this.hasStrings) return undefined;
    const pairs = new PairMap();
    this.visitPairs(pairs);
    return pairs.map;
  }

  /** Shows `visitor` each string pair in order. A key may come twice: the last one counts. */
  visitPairs(visitor: PairVisitor): void {
    if (this.hasPairs) visitPairs(this.bytes, this.sectionsStart, this.payloadStart, visitor);
  }

  /** The bytes that it read from, to be compared four at a time. */
  get words(): DataView {
    this.#words ??= new DataView(this.#memory, this.#offset, this.bytes.length);
    return this.#words;
  }

  #setBytes(bytes: Uint8Array): void {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.#words = undefined;
    this.#memory = bytes.buffer;
    this.#offset = bytes.byteOffset;
  }

  /** Walks every section once, so that later readers need no checks; returns the digit of the frame kind, or -1. */
  #check(): number {
    const bytes = this.bytes;
    const end = this.payloadStart;
    let at = this.sectionsStart;
    let digit = -1;
    let hasStrings = false;
    let hasPairs = false;
    if (at > end) throw new FrameError("truncated", "the transforms run past the end of the header info");
    while (at < end) {
      const section = bytes[at++] as number;
      if (section === Section.padding) continue;
      if (at + 2 > end) throw pastEnd(section);
      if (section === Section.ints) {
        let left = uint16(bytes, at);
        at += 2;
        for (; left > 0; left--) {
          const valueEnd = this.#endOfString(at + 2, section);
          if (uint16(bytes, at) === IntKey.frameKind) {
            digit = valueEnd === at + 5 ? (bytes[at + 4] as number) - KIND_DIGIT : -1;
          }
          at = valueEnd;
        }
      } else if (section === Section.strings) {
        hasStrings = true;
        // Keys and values alternate.
        let left = uint16(bytes, at) * 2;
        if (left > 0) hasPairs = true;
        at += 2;
        for (; left > 0; left--) at = this.#endOfString(at, section);
      } else if (section === Section.aclToken) {
        hasStrings = true;
        hasPairs = true;
        at = this.#endOfString(at, section);
      } else {
        throw new FrameError(
          "unknown",
          `header section ${hex(section)}; known are 0x00, 0x01, 0x10 and 0x11`,
        );
      }
      if (at > end) throw pastEnd(section);
    }
    this.hasStrings = hasStrings;
    this.hasPairs = hasPairs;
    return digit;
  }

  /** Where the key or value ends whose length is at `at`. */
  #endOfString(at: number, section: number): number {
    if (at + 2 > this.payloadStart) throw pastEnd(section);
    const length = uint16(this.bytes, at);
    const { maxStringBytes } = this.#limits;
    if (length > maxStringBytes) {
      throw overLimit("a header key or value", length, "maxStringBytes", maxStringBytes);
    }
    return at + 2 + length;
  }
}

/** Sees string pairs where they stand. */
export interface PairVisitor {
  /** The key is in `bytes[keyStart, keyEnd)`; `text.read(valueStart, valueEnd)` is the value. */
  onPair(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    text: TextRange,
    valueStart: number,
    valueEnd: number,
  ): void;
  /** The ACL token, which has no key on the wire. It wins over a pair of its key, as in newer gopkg. */
  onToken(value: string): void;
}

/** Shows `visitor` each string pair in the sections at `start`, which must have been checked. */
export function visitPairs(bytes: Uint8Array, start: number, end: number, visitor: PairVisitor): void {
  const text = new TextRange(bytes, start, end);
  let token: string | undefined;
  for (let at = start; at < end; ) {
    const section = bytes[at++];
    if (section === Section.strings) {
      let left = uint16(bytes, at);
      at += 2;
      for (; left > 0; left--) {
        const keyEnd = at + 2 + uint16(bytes, at);
        const valueEnd = keyEnd + 2 + uint16(bytes, keyEnd);
        visitor.onPair(bytes, at + 2, keyEnd, text, keyEnd + 2, valueEnd);
        at = valueEnd;
      }
    } else if (section === Section.aclToken) {
      const tokenEnd = at + 2 + uint16(bytes, at);
      token = text.read(at + 2, tokenEnd);
      at = tokenEnd;
    } else if (section === Section.ints) {
      at = skipInts(bytes, at);
    }
  }
  if (token !== undefined) visitor.onToken(token);
}

/** Collects all string pairs; of a repeated key the last. */
class PairMap implements PairVisitor {
  readonly map: Map<string, string> = new Map();

  onPair(
    _bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    text: TextRange,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.map.set(text.read(keyStart, keyEnd), text.read(valueStart, valueEnd));
  }

  onToken(value: string): void {
    this.map.set(ACL_TOKEN_KEY, value);
  }
}

function kindOf(digit: number): FrameKind.Kind {
  if (digit >= FrameKind.meta && digit <= FrameKind.rst) return digit as FrameKind.Kind;
  throw new FrameError(
    "unknown",
    digit === -1
      ? 'a streaming frame needs integer key 27 with "1" to "5"'
      : `frame kind "${String.fromCharCode(digit + KIND_DIGIT)}"; known are "1" to "5"`,
  );
}

function skipInts(bytes: Uint8Array, at: number): number {
  let left = uint16(bytes, at);
  at += 2;
  for (; left > 0; left--) at += 4 + uint16(bytes, at + 2);
  return at;
}

function pastEnd(section: number): FrameError {
  return new FrameError("truncated", `header section ${hex(section)} runs past the end of the header info`);
}

/** The error for bytes that are not TTHeader. */
export function wrongMagic(found: number): FrameError {
  return new FrameError(
    "magic",
    `not a TTHeader frame: bytes 4 and 5 are 0x${found.toString(16).padStart(4, "0")}, not 0x1000`,
  );
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function int32(bytes: Uint8Array, at: number): number {
  return (uint16(bytes, at) << 16) | uint16(bytes, at + 2);
}
