import { readUtf8 } from "@slipstream/stream";
import * as Section from "./format/section.ts";
import { type FrameHead, uint16 } from "./frame-head.ts";

/** Sees integer pairs where they stand: the text is in `bytes[start, end)`. */
export interface IntVisitor {
  onInt(key: number, bytes: Uint8Array, start: number, end: number): void;
}

/** Shows `visitor` each integer pair of a frame in order. A key may come twice: the last one counts. */
export function visitInts({ bytes, sectionsStart, payloadStart }: FrameHead, visitor: IntVisitor): void {
  for (let at = sectionsStart; at < payloadStart; ) {
    const section = bytes[at++];
    if (section === Section.ints) {
      let left = uint16(bytes, at);
      at += 2;
      for (; left > 0; left--) {
        const end = at + 4 + uint16(bytes, at + 2);
        visitor.onInt(uint16(bytes, at), bytes, at + 4, end);
        at = end;
      }
    } else if (section === Section.strings) {
      at = skipStrings(bytes, at);
    } else if (section === Section.aclToken) {
      at += 2 + uint16(bytes, at);
    }
  }
}

/** The texts of all integer pairs. */
export function readInts(head: FrameHead): Map<number, string> {
  const ints = new Map<number, string>();
  visitInts(head, { onInt: (key, bytes, start, end) => ints.set(key, readUtf8(bytes, start, end)) });
  return ints;
}

function skipStrings(bytes: Uint8Array, at: number): number {
  let left = uint16(bytes, at) * 2;
  at += 2;
  for (; left > 0; left--) at += 2 + uint16(bytes, at);
  return at;
}
