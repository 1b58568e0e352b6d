import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fields, pairs } from "../../test/handlers.ts";
import { H2Error } from "../error.ts";
import type { Fields } from "../types.ts";
import { Decoder } from "./decoder.ts";
import { bound, Encoder, listBytes } from "./encoder.ts";

/** An encoder and the decoder that reads what it writes. */
class Pair {
  readonly encoder: Encoder;
  readonly decoder: Decoder;

  constructor(tableBytes = 4096) {
    this.encoder = new Encoder(tableBytes);
    this.decoder = new Decoder({ tableBytes: Math.max(4096, tableBytes), listBytes: 1 << 24 });
  }

  write(list: Fields, shared: Fields = []): Uint8Array {
    const kept = this.encoder.shared(shared);
    const bytes = new Uint8Array(kept.bound + bound(list));
    return bytes.subarray(0, this.encoder.write(bytes, 0, kept, list));
  }

  /** What arrives. */
  send(list: Fields, shared: Fields = []): [string, string | number[]][] {
    const block = this.write(list, shared);
    return pairs(this.decoder.decode(block, 0, block.length).fields);
  }
}

const name = fc.oneof(
  fc.constantFrom(
    "x-a",
    "x-b",
    "content-type",
    "user-agent",
    "authorization",
    "cookie",
    "x-a-rather-long-name-of-a-field",
  ),
  fc.string({ unit: fc.constantFrom("a", "b", "z", "-", "_", "0", "9"), minLength: 1, maxLength: 20 }),
);
const clean = (text: string): string => text.replaceAll(/[\0\r\n]/g, "").replace(/^[ \t]+|[ \t]+$/g, "");
const value = fc.oneof(
  fc.constantFrom("", "1", "application/grpc", "v".repeat(3000)),
  fc.string({ maxLength: 80 }).map(clean),
  fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => clean(Buffer.from(text).toString())),
);
const field = fc.record({ name, value, neverIndexed: fc.boolean() });
const list = fc.array(field, { maxLength: 20 });

describe("the encoder", () => {
  it("writes lists that arrive as they were, whatever the sizes of the table meanwhile", () => {
    const step = fc.record({
      list,
      shared: fc.integer({ min: 0, max: 3 }),
      table: fc.option(fc.nat(6000), { freq: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(list, { minLength: 4, maxLength: 4 }),
        fc.array(step, { maxLength: 20 }),
        (shared, steps) => {
          const pair = new Pair();
          for (const { list, shared: i, table } of steps) {
            if (table !== null) {
              pair.encoder.setPeerTableBytes(table);
              pair.decoder.setLimits({ tableBytes: table, listBytes: 1 << 24 });
            }
            expect(pair.send(list, shared[i])).toEqual(pairs([...(shared[i] as Fields), ...list]));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("writes a shared list as one byte a field once it is in the table", () => {
    const pair = new Pair();
    const shared = fields(
      [":method", "POST"],
      [":path", "/pkg.Service/Method"],
      ["te", "trailers"],
      ["x-a", "1"],
    );
    pair.write([], shared);
    expect(pair.write([], shared).length).toBe(4);
    expect(pair.write([], shared).length).toBe(4);
  });

  it("keeps a value out of the table that changes with every section, and takes one in that stays", () => {
    const pair = new Pair();
    for (let i = 0; i < 100; i++) pair.send(fields(["x-id", `id-${i}`], ["x-constant", "c"]));
    // One byte for the constant, and the literal with an indexed name.
    expect(pair.write(fields(["x-constant", "c"])).length).toBe(1);
    pair.send(fields(["x-id", "same"]));
    pair.send(fields(["x-id", "same"]));
    expect(pair.write(fields(["x-id", "same"])).length).toBe(1);
  });

  it.each([
    ["shared by calls", true],
    ["of one call", false],
  ])("does not let a section %s that is larger than the table drive out its own beginning", (_, isShared) => {
    const pair = new Pair();
    const large = fields(...Array.from({ length: 200 }, (_, i) => [`x-name-${i}`, `value ${i}`] as const));
    const [list, shared]: [Fields, Fields] = isShared ? [[], large] : [large, []];
    expect(pair.send(list, shared)).toEqual(pairs(large));
    const second = pair.write(list, shared);
    // As many as there is room for are one byte each, or two; no literal enters the table.
    const { length } = second;
    expect(length).toBeLessThan(200 * 19 - 60 * 17);
    pair.decoder.decode(second, 0, length);
    expect(pair.send(list, shared)).toEqual(pairs(large));
    expect(pair.write(list, shared)).toEqual(second);
  });

  it("makes room for a new section of what no section has used since", () => {
    const pair = new Pair();
    const list = (prefix: string): Fields =>
      fields(...Array.from({ length: 60 }, (_, i) => [`${prefix}-${i}`, "v".repeat(20)] as const));
    for (const prefix of ["a", "b"]) {
      pair.send(list(prefix));
      expect(pair.send(list(prefix))).toEqual(pairs(list(prefix)));
      expect(pair.write(list(prefix)).length).toBeLessThan(2 * 60);
    }
  });

  it("never indexes what is marked, nor authorization and cookie", () => {
    const pair = new Pair();
    const secret: Fields = [
      { name: "x-token", value: "t", neverIndexed: true },
      ...fields(
        ["authorization", "Bearer x"],
        ["cookie", "a=b"],
        ["proxy-authorization", "y"],
        ["set-cookie", "z"],
      ),
    ];
    pair.write(secret);
    pair.write(secret);
    const block = pair.write(secret);
    expect(pair.decoder.decode(block, 0, block.length).fields.map((f) => f.neverIndexed)).toEqual(
      secret.map(() => true),
    );
  });

  it("sends values that are bytes as they are", () => {
    expect(new Pair().send([{ name: "x-bin", value: Uint8Array.of(0xff, 0x80, 1) }])).toEqual([
      ["x-bin", [0xff, 0x80, 1]],
    ]);
  });

  it("replaces a lone surrogate", () => {
    expect(new Pair().send(fields(["x-a", "a\ud800b"]))).toEqual([["x-a", "a\ufffdb"]]);
  });

  it.each([
    ["an upper-case name", "X-A", "1"],
    ["an empty name", "", "1"],
    ["a name with a blank", "x a", "1"],
    ["a name that is not ASCII", "é", "1"],
    ["a connection-specific name", "transfer-encoding", "chunked"],
    ["LF in a value", "x-a", "a\nb"],
    ["CR in a value", "x-a", "a\rb"],
    ["NUL in a value", "x-a", "a\0b"],
    ["a blank at the start of a value", "x-a", " a"],
    ["a blank at the end of a value", "x-a", "a\t"],
    ["LF in a value that is not ASCII", "x-a", "é\nb"],
  ])("refuses %s, and goes on as if nothing had been", (_, bad, text) => {
    const pair = new Pair();
    pair.send(fields(["x-first", "1"]));
    expect(() => pair.write(fields(["x-second", "2"], [bad, text]))).toThrow(H2Error);
    expect(() => pair.write(fields([bad, text], ["x-second", "2"]))).toThrow(H2Error);
    const after = fields(["x-first", "1"], ["x-second", "2"], ["x-third", "3"]);
    expect(pair.send(after)).toEqual(pairs(after));
    expect(pair.send(after)).toEqual(pairs(after));
  });

  it("counts the bytes of a list as RFC 9113, 6.5.2 does, and never more than its bound", () => {
    expect(listBytes(fields(["ab", "é"], ["c", ""]))).toBe(2 + 2 + 32 + 1 + 32);
    fc.assert(
      fc.property(list, (fields) => {
        expect(listBytes(fields)).toBeLessThanOrEqual(bound(fields));
      }),
    );
  });

  it("forgets names that it has not put into the table, so that many of them do not add up", () => {
    const pair = new Pair(0);
    for (let i = 0; i < 5000; i++) {
      const list = fields([`x-${i}`, "v"]);
      expect(pair.send(list)).toEqual(pairs(list));
    }
  });
});
