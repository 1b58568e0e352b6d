import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { packFrames } from "./pack.ts";

/** A frame, as far as packing looks at it: LENGTH, then so many bytes. */
function frame(length: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(4 + length).fill(fill);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat(chunks);
}

/** Lengths of the frames in a message; throws when the last one is cut. */
function framesOf(message: Uint8Array): number[] {
  const lengths: number[] = [];
  let at = 0;
  while (at < message.length) {
    const length = new DataView(message.buffer, message.byteOffset).getUint32(at);
    lengths.push(length);
    at += 4 + length;
  }
  if (at !== message.length) throw new Error("a frame is cut");
  return lengths;
}

describe("the messages that a turn's frames share", () => {
  test.prop([
    fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 40 }),
    fc.array(fc.nat(), { maxLength: 20 }),
    fc.integer({ min: 1, max: 500 }),
  ])("hold whole frames, in order, and stay small unless one frame is large", (lengths, cuts, maxBytes) => {
    const frames = lengths.map((length, i) => frame(length, i));
    const all = joined(frames);
    // A session keeps frames whole, and puts together what stands in one slab.
    const ends = [...new Set([...cuts.map((cut) => cut % frames.length), frames.length])].sort(
      (a, b) => a - b,
    );
    const chunks = ends.map((end, i) => new Uint8Array(joined(frames.slice(ends[i - 1] ?? 0, end))));
    const messages = packFrames(chunks, maxBytes);
    expect(joined(messages).equals(all)).toBe(true);
    expect(messages.flatMap(framesOf)).toEqual(lengths);
    for (const message of messages) {
      if (message.length > maxBytes) expect(framesOf(message)).toHaveLength(1);
    }
  });

  it("are one when all of a chunk fits", () => {
    const chunk = new Uint8Array(joined([frame(10, 1), frame(20, 2), frame(30, 3)]));
    expect(packFrames([chunk], 72)).toEqual([chunk]);
    expect(packFrames([chunk], 71)).toHaveLength(2);
  });

  it("leave a single chunk as it is", () => {
    const chunk = frame(10, 1);
    expect(packFrames([chunk], 100)[0]).toBe(chunk);
    expect(packFrames([chunk], 5)).toEqual([chunk]);
  });
});
