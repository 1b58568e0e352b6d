import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { Incoming } from "./incoming.ts";

interface Frame {
  readonly first: number;
  readonly key: Uint8Array | undefined;
  readonly payload: Uint8Array;
  /** How its length is written, which may be longer than needed. */
  readonly form: 7 | 16 | 64;
}

/** Whole binary messages most of all; else text, a beginning, a continuation, an end, a close, a ping, reserved bits. */
const frame: fc.Arbitrary<Frame> = fc.record({
  first: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0x82) },
    { weight: 3, arbitrary: fc.constantFrom(0x81, 0x02, 0x00, 0x80, 0x88, 0x89, 0xc2) },
  ),
  key: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { freq: 9, nil: undefined }),
  payload: fc.uint8Array({ maxLength: 125 }),
  form: fc.constantFrom(7 as const, 16 as const, 64 as const),
});

function headOf({ first, key, payload: { length }, form }: Frame): number[] {
  const masked = key === undefined ? 0 : 0x80;
  if (form === 7) return [first, masked | length];
  return [first, masked | (form === 16 ? 126 : 127), ...Array<number>(form / 8 - 1).fill(0), length];
}

function masked(payload: Uint8Array, key: Uint8Array | undefined): number[] {
  return Array.from(payload, (byte, i) => byte ^ (key?.[i % 4] ?? 0));
}

function encode(frames: readonly Frame[]): Uint8Array {
  return Uint8Array.from(
    frames.flatMap((one) => [...headOf(one), ...(one.key ?? []), ...masked(one.payload, one.key)]),
  );
}

/** What was handed out, and between it the bytes that are for `ws`. */
function readAll(bytes: Uint8Array, cuts: readonly number[], isServer: boolean): (Uint8Array | number)[] {
  const parts: (Uint8Array | number)[] = [];
  const incoming = new Incoming(isServer, (message) => parts.push(message));
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  at.slice(1).forEach((end, i) => {
    const chunk = bytes.slice(at[i], end);
    parts.push(...chunk.subarray(incoming.take(chunk)));
  });
  return parts;
}

describe("what reads a WebSocket before `ws` does", () => {
  test.prop([fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), fc.boolean()])(
    "takes whole binary messages only, and leaves `ws` whole frames, all in order and without masks",
    (frames, cuts, isServer) => {
      const parts = readAll(encode(frames), cuts, isServer);
      let isInMessage = false;
      for (const one of frames) {
        if (typeof parts[0] === "object") {
          expect(one.first).toBe(0x82);
          expect(one.key !== undefined).toBe(isServer);
          expect(isInMessage).toBe(false);
          expect(parts.shift()).toEqual(one.payload);
          continue;
        }
        const head = headOf(one);
        expect(parts.splice(0, head.length)).toEqual(head);
        const key = one.key && Uint8Array.from(parts.splice(0, 4) as number[]);
        const payload = Uint8Array.from(parts.splice(0, one.payload.length) as number[]);
        expect(masked(payload, key)).toEqual([...one.payload]);
        if (one.first === 0x88) isInMessage = true;
        else if ((one.first & 0x08) === 0) isInMessage = (one.first & 0x80) === 0;
      }
      expect(parts).toEqual([]);
    },
  );

  test.prop([
    fc.array(fc.uint8Array({ maxLength: 125 }), { minLength: 1, maxLength: 5 }),
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
  ])("takes all messages of a chunk that has nothing else", (payloads, key) => {
    const frames = payloads.map((payload): Frame => ({ first: 0x82, key, payload, form: 7 }));
    expect(readAll(encode(frames), [], true)).toEqual(payloads);
  });

  test("leaves a message to `ws` that is longer than any peer must take", () => {
    const head = Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 4, 0, 1);
    const bytes = new Uint8Array(head.length + 256 * 1024 + 1);
    bytes.set(head);
    expect(new Incoming(false, () => expect.unreachable()).take(bytes)).toBe(0);
  });
});
