import { describe, expect, it } from "vitest";
import * as FrameKind from "./format/frame-kind.ts";
import { encodeFrame, streamFrame } from "./frame-encode.ts";
import type { OversizeFrame } from "./frame-reader.ts";
import { resolveLimits } from "./limits.ts";
import { messageFraming } from "./message-framing.ts";

function frame(id: number, payload = new Uint8Array(0)): Uint8Array {
  return encodeFrame({ ...streamFrame(FrameKind.data, id, "Chat"), payload });
}

function joined(...frames: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(frames));
}

function read(
  message: Uint8Array,
  maxMessageBytes = 1000,
): { frames: Uint8Array[]; oversize: OversizeFrame[] } {
  const frames: Uint8Array[] = [];
  const oversize: OversizeFrame[] = [];
  messageFraming(resolveLimits({ maxMessageBytes }), {
    onFrame: (bytes, start, end) => frames.push(bytes.slice(start, end)),
    onOversize: (found) => oversize.push(found),
  }).push(message);
  return { frames, oversize };
}

describe("messages of whole frames", () => {
  it("give their frames, one or many, in order", () => {
    const frames = [frame(1), frame(2, new Uint8Array(50)), frame(3)];
    expect(read(joined(...frames)).frames).toEqual(frames);
    expect(read(Buffer.from(frame(4))).frames).toEqual([frame(4)]);
    expect(read(new Uint8Array(0)).frames).toEqual([]);
  });

  it("are refused when a frame is not whole, wherever it is cut", () => {
    const [first, second] = [frame(1), frame(2, new Uint8Array(9))];
    for (let size = 1; size < second.length; size++) {
      expect(() => read(second.subarray(0, size))).toThrow(
        /expected whole frames in each message, got \d+ bytes/,
      );
      expect(() => read(joined(first, second.subarray(0, size)))).toThrow(/expected whole frames/);
    }
    expect(() => read(joined(first, Uint8Array.of(0, 0, 0, 0)))).toThrow(/expected whole frames/);
  });

  it("lose only the frame that is too large", () => {
    const large = frame(2, new Uint8Array(2_000_000));
    const { frames, oversize } = read(joined(frame(1), large, frame(3)), 10);
    expect(frames).toEqual([frame(1), frame(3)]);
    expect(oversize).toEqual([{ sequenceId: 2, flags: 2, length: large.length }]);
  });

  it("give nothing more once stopped", () => {
    const ids: number[] = [];
    const reader = messageFraming(resolveLimits(), {
      onFrame: (bytes, start) => {
        ids.push(bytes[start + 11] as number);
        reader.stop();
      },
    });
    reader.push(joined(frame(1), frame(2)));
    reader.push(frame(3));
    expect(ids).toEqual([1]);
  });
});
