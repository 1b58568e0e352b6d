import { encodeMessage, type Struct, struct, t } from "@slipstream/thrift";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FrameReader } from "./frame-reader.ts";
import { resolveLimits } from "./limits.ts";
import { MessageScanner, mixedFraming } from "./message-scanner.ts";

interface Tree {
  readonly flag?: boolean | undefined;
  readonly small?: number | undefined;
  readonly large?: bigint | undefined;
  readonly real?: number | undefined;
  readonly text?: string | undefined;
  readonly numbers?: readonly number[] | undefined;
  readonly names?: readonly string[] | undefined;
  readonly byName?: ReadonlyMap<string, Tree> | undefined;
  readonly byNumber?: ReadonlyMap<number, bigint> | undefined;
  readonly trees?: readonly Tree[] | undefined;
}
const Tree: Struct<Tree> = struct("Tree", () => [
  t.optional(1, "flag", t.bool),
  t.optional(2, "small", t.i16),
  t.optional(3, "large", t.i64),
  t.optional(4, "real", t.double),
  t.optional(5, "text", t.string),
  t.optional(6, "numbers", t.list(t.i32)),
  t.optional(7, "names", t.list(t.string)),
  t.optional(8, "byName", t.map(t.string, Tree)),
  t.optional(9, "byNumber", t.map(t.i32, t.i64)),
  t.optional(10, "trees", t.list(Tree)),
]);

const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.record(
    {
      flag: fc.boolean(),
      small: fc.integer({ min: -32768, max: 32767 }),
      large: i64,
      real: fc.double({ noNaN: true }),
      text: fc.string({ maxLength: 40 }),
      numbers: fc.array(i32, { maxLength: 5 }),
      names: fc.array(fc.string(), { maxLength: 5 }),
      byName: fc.array(fc.tuple(fc.string(), tie("tree")), { maxLength: 2 }).map((pairs) => new Map(pairs)),
      byNumber: fc.array(fc.tuple(i32, i64), { maxLength: 5 }).map((pairs) => new Map(pairs)),
      trees: fc.array(tie("tree"), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
}));
const message = fc
  .tuple(fc.string({ minLength: 1, maxLength: 20 }), i32, tree, fc.boolean())
  .map(([method, sequenceId, value, framed]) =>
    encodeMessage({ type: 1, method, sequenceId, body: Tree.encode(value) }, { framed }),
  );

/** Cuts what comes without TTHeader into messages. */
function cut(pieces: readonly Uint8Array[], maxMessageBytes = 2 ** 20): string[] {
  const messages: string[] = [];
  const reader = mixedFraming(resolveLimits({ maxMessageBytes }), {
    onFrame: () => messages.push("a frame"),
    onHeaderless: (bytes, start, end) =>
      messages.push(Buffer.from(bytes.subarray(start, end)).toString("hex")),
  });
  for (const piece of pieces) reader.push(piece);
  expect((reader as FrameReader).pendingBytes).toBe(0);
  return messages;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("messages without TTHeader", () => {
  it("are told apart, Framed and plain mixed, however the bytes are split", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        (messages, sizes) => {
          const all = new Uint8Array(Buffer.concat(messages));
          const pieces: Uint8Array[] = [];
          for (let at = 0, i = 0; at < all.length; i++) {
            const size = sizes[i % sizes.length] as number;
            pieces.push(all.slice(at, at + size));
            at += size;
          }
          expect(cut(pieces)).toEqual(messages.map(hex));
          expect(cut([all])).toEqual(messages.map(hex));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("cost no more byte by byte than whole", () => {
    const large = encodeMessage({
      type: 1,
      method: "Ping",
      sequenceId: 1,
      body: Tree.encode({ names: Array.from({ length: 20_000 }, (_, i) => `name ${i}`) }),
    });
    const pieces = Array.from(large, (_, at) => large.slice(at, at + 1));
    expect(cut(pieces)).toEqual([hex(large)]);
  });

  const head = [0x80, 1, 0, 1, 0, 0, 0, 1, 0x61, 0, 0, 0, 1];
  it.each([
    ["a type that is none", [...head, 9, 0, 1, 0]],
    ["a negative length", [...head, 11, 0, 1, 0xff, 0xff, 0xff, 0xff]],
    ["a method name of negative length", [0x80, 1, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]],
    ["structs nested deeper than 64", [...head, ...Array.from({ length: 70 }, () => [12, 0, 1]).flat()]],
    ["a text over the limit", [...head, 11, 0, 1, 0x7f, 0xff, 0xff, 0xff]],
    ["a billion elements of fixed size", [...head, 15, 0, 1, 10, 0x3f, 0xff, 0xff, 0xff]],
    ["a framed length that holds no message", [0, 0, 0, 5, 0x80, 1, 0, 1, 0, 0, 0, 0, 0, 0]],
  ])("with %s are refused", (_name, bytes) => {
    expect(() => cut([Uint8Array.from(bytes)])).toThrow();
  });

  it("of random bytes never hang the scanner, and never say an end beyond what came", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (rest) => {
        const bytes = Uint8Array.from([...head, ...rest]);
        try {
          expect(new MessageScanner().scan(bytes, 0, bytes.length)).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toMatchObject({ name: "FrameError" });
        }
      }),
    );
  });
});
