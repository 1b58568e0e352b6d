import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  anyFrame,
  cutAt,
  failsOnlyWithFrameError,
  fuzzRuns,
  fuzzTimeoutMs,
  join,
} from "../test/arbitrary-frames.ts";
import { encodeFrame, streamFrame } from "./frame-encode.ts";
import { FrameReader } from "./frame-reader.ts";
import { type FrameLimits, resolveLimits } from "./limits.ts";

vi.setConfig({ testTimeout: fuzzTimeoutMs });

/** The frames that come out of `chunks`, as bytes. */
function read(chunks: readonly Uint8Array[], limits?: FrameLimits): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const reader = new FrameReader(resolveLimits(limits), {
    onFrame: (bytes, start, end) => frames.push(bytes.subarray(start, end)),
  });
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

const frame = (size: number, sequenceId = 1): Uint8Array =>
  encodeFrame({ ...streamFrame(3, sequenceId, "m"), payload: new Uint8Array(size).fill(7) });

describe("FrameReader", () => {
  it("gives the same frames however the bytes are split", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (frames, places) => {
          const encoded = frames.map((one) => encodeFrame(one));
          expect(read(cutAt(join(encoded), places))).toEqual(encoded);
        },
      ),
      { numRuns: fuzzRuns },
    );
  });

  it("gives the same frames byte by byte", () => {
    const frames = [frame(0), frame(1), frame(70)];
    expect(read(Array.from(join(frames), (byte) => Uint8Array.of(byte)))).toEqual(frames);
  });

  it("does not copy a frame that lies whole in a chunk", () => {
    const chunk = join([frame(3), frame(4)]);
    for (const one of read([chunk])) expect(one.buffer).toBe(chunk.buffer);
  });

  it("hands out frames that later chunks do not change", () => {
    const large = frame(3_000_000);
    const chunks = cutAt(join([large, large]), [5, 1_500_000, 3_100_000]);
    const frames = read(chunks);
    expect(frames.map((one) => Buffer.compare(one, large))).toEqual([0, 0]);
    expect(frames[0]?.buffer).not.toBe(frames[1]?.buffer);
  });

  it("hands out frames of bytes that were lent, which are read over at once unless they are kept", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 40_000 }), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.infiniteStream(fc.boolean()),
        (sizes, places, answers) => {
          const encoded = sizes.map((size) => frame(size));
          const frames: Uint8Array[] = [];
          const reader = new FrameReader(resolveLimits(), {
            onFrame: (bytes, start, end) => frames.push(bytes.subarray(start, end)),
          });
          for (const chunk of cutAt(join(encoded), places)) {
            const lent = chunk.slice();
            let isKept = false;
            const keep = (): boolean => {
              isKept = answers.next().value === true;
              return isKept;
            };
            reader.push(lent, { keep });
            if (!isKept) lent.fill(0xff);
          }
          expect(frames.map((one, i) => Buffer.compare(one, encoded[i] as Uint8Array))).toEqual(
            encoded.map(() => 0),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it("keeps no memory for a few small frames, and not for large ones", () => {
    const keep = vi.fn(() => true);
    const reader = new FrameReader(resolveLimits(), { onFrame: () => {} });
    reader.push(join([frame(100), frame(100)]), { keep });
    reader.push(join([frame(20_000), frame(20_000)]), { keep });
    expect(keep).not.toHaveBeenCalled();
    reader.push(join(Array.from({ length: 30 }, () => frame(1_000))), { keep });
    expect(keep).toHaveBeenCalledOnce();
  });

  it("takes Node's Buffers and gives plain arrays", () => {
    const [first] = read([Buffer.from(frame(3))]);
    expect(first?.constructor).toBe(Uint8Array);
  });

  it("sets no memory aside for a length that has only been announced", () => {
    const before = process.memoryUsage().arrayBuffers;
    const head = frame(0).slice(0, 14);
    new DataView(head.buffer).setUint32(0, 64 * 1024 * 1024);
    const readers = Array.from({ length: 32 }, () => {
      const reader = new FrameReader(resolveLimits(), { onFrame: () => {} });
      reader.push(head.slice());
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(33 * 1024 * 1024);
    expect(readers[0]?.pendingBytes).toBe(14);
  });

  it("refuses a frame over the limit as soon as its length is known", () => {
    const head = frame(0).slice(0, 6);
    new DataView(head.buffer).setUint32(0, 0xffff_ffff);
    expect(() => read([head])).toThrow("frame of 4,294,967,299 bytes is over maxMessageBytes (67,108,864)");
  });

  it("skips a frame over the limit, however it is split, and tells of it once", () => {
    const bytes = join([frame(1), frame(400_000, 7), frame(2)]);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 8 }), (places) => {
        const seen: unknown[] = [];
        const reader = new FrameReader(resolveLimits({ maxMessageBytes: 10, maxHeaderBytes: 64 }), {
          onFrame: (_bytes, start, end) => seen.push(end - start),
          onOversize: (oversize) => seen.push(oversize),
        });
        for (const chunk of cutAt(bytes, places)) reader.push(chunk);
        const length = frame(400_000).length;
        expect(seen).toEqual([frame(1).length, { sequenceId: 7, flags: 2, length }, frame(2).length]);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses a LENGTH that cannot hold the fixed part", () => {
    expect(() => read([Uint8Array.of(0, 0, 0, 9, 0x10, 0)])).toThrow("LENGTH is 9");
  });

  it.each([
    "GET / HTTP/1.1\r\n",
    "PRI * HTTP/2.0\r\n",
    "\u0016\u0003\u0001\u0002\u0000\u0001",
    "\0\0\0\0\0\0\0\0",
  ])("refuses %j as not TTHeader", (garbage) => {
    expect(() => read([new TextEncoder().encode(garbage)])).toThrow(/not a TTHeader frame/);
  });

  it("hands out nothing after stop, though the chunk holds more", () => {
    const got: number[] = [];
    const reader: FrameReader = new FrameReader(resolveLimits(), {
      onFrame: (_bytes, start) => {
        got.push(start);
        reader.stop();
      },
    });
    reader.push(join([frame(1), frame(1), frame(1).subarray(0, 9)]));
    reader.push(frame(1));
    expect(got).toEqual([0]);
  });

  it("fails clearly on random bytes, and only so", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 64 }), (bytes) => {
        failsOnlyWithFrameError(() => read([bytes]));
      }),
      { numRuns: fuzzRuns },
    );
  });
});
