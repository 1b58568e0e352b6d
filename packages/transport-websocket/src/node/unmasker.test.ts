import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { Unmasker } from "./unmasker.ts";

interface Frame {
  readonly first: number;
  readonly key: Uint8Array | undefined;
  readonly payload: Uint8Array;
  /** How its length is written, which may be longer than needed. */
  readonly form: 7 | 16 | 64;
}

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    first: fc.constantFrom(0x01, 0x80, 0x82, 0x88, 0x89, 0xc2),
    key: fc.option(bytesOf(4), { nil: undefined }),
    payload: fc.uint8Array({ maxLength: 125 }),
    form: fc.constantFrom(7 as const, 16 as const, 64 as const),
  }),
  fc.record({
    first: fc.constant(0x82),
    key: bytesOf(4),
    payload: fc.uint8Array({ minLength: 126, maxLength: 2_000, size: "max" }),
    form: fc.constantFrom(16 as const, 64 as const),
  }),
);

/** The head without its key. */
function headOf({ first, key, payload, form }: Frame): Buffer {
  const masked = key === undefined ? 0 : 0x80;
  const { length } = payload;
  if (form === 7) return Buffer.from([first, masked | length]);
  if (form === 16) return Buffer.from([first, masked | 126, length >> 8, length & 0xff]);
  return Buffer.from([first, masked | 127, 0, 0, 0, 0, 0, 0, length >> 8, length & 0xff]);
}

function encode(frame: Frame): Buffer {
  const { key, payload } = frame;
  return Buffer.concat([headOf(frame), key ?? [], masked(payload, key)].map((part) => Uint8Array.from(part)));
}

function masked(payload: Uint8Array, key: Uint8Array | undefined): Uint8Array {
  return key === undefined ? payload : payload.map((byte, i) => byte ^ (key[i % 4] as number));
}

/** What comes out for what came in, the bytes cut at `cuts`. */
function unmasked(bytes: Buffer, cuts: readonly number[]): Buffer {
  const unmasker = new Unmasker();
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return Buffer.concat(
    at.slice(1).map((end, i) => {
      const chunk = Buffer.from(bytes.subarray(at[i], end));
      unmasker.push(chunk);
      return chunk;
    }),
  );
}

describe("what takes masks off for `ws`", () => {
  test.prop([fc.array(frame, { minLength: 1, maxLength: 5 })])(
    "leaves each payload bare, behind a key of zero",
    (frames) => {
      const expected = frames.map((one) => encode({ ...one, ...(one.key && { key: new Uint8Array(4) }) }));
      expect(unmasked(Buffer.concat(frames.map(encode)), [])).toEqual(Buffer.concat(expected));
    },
  );

  test.prop([fc.array(frame, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(), { maxLength: 20 })])(
    "leaves frames that mean the same, wherever the bytes are cut",
    (frames, cuts) => {
      const bytes = unmasked(Buffer.concat(frames.map(encode)), cuts);
      let at = 0;
      for (const one of frames) {
        const head = headOf(one);
        expect(bytes.subarray(at, at + head.length)).toEqual(head);
        at += head.length;
        const key = one.key && bytes.subarray(at, at + 4);
        at += key?.length ?? 0;
        const end = at + one.payload.length;
        expect(Buffer.from(masked(bytes.subarray(at, end), key))).toEqual(Buffer.from(one.payload));
        at = end;
      }
      expect(at).toBe(bytes.length);
    },
  );
});
