import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { anyFrame, failsOnlyWithFrameError, fuzzRuns, fuzzTimeoutMs } from "../test/arbitrary-frames.ts";
import { fromHex, toHex, workedFrames } from "../test/worked-frames.ts";
import * as Flag from "./format/flag.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";
import * as ProtocolId from "./format/protocol-id.ts";
import { ACL_TOKEN_KEY } from "./format.ts";
import { decodeFrame } from "./frame.ts";
import { encodeFrame, type FrameInit, streamFrame, streamHead } from "./frame-encode.ts";
import { FrameError } from "./frame-error.ts";
import { resolveLimits } from "./limits.ts";

vi.setConfig({ testTimeout: fuzzTimeoutMs });

/** What decoding `frame` must give. */
function content(frame: FrameInit) {
  return {
    flags: frame.flags,
    sequenceId: frame.sequenceId,
    protocolId: frame.protocolId,
    strings: frame.strings && new Map(frame.strings),
    ints: new Map(frame.ints),
    payload: frame.payload ?? new Uint8Array(0),
  };
}

function fault(work: () => unknown): { fault: string; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof FrameError) return { fault: error.fault, message: error.message };
    throw error;
  }
  throw new Error("a FrameError was expected");
}

const ping = encodeFrame({
  flags: Flag.none,
  sequenceId: 7,
  protocolId: ProtocolId.thriftBinary,
  strings: [["isn", "Echo"]],
  ints: [[IntKey.toMethod, "ping"]],
  payload: Uint8Array.of(1, 2, 3),
});

/** `ping` with some bytes changed. */
function altered(changes: Record<number, number>): Uint8Array {
  const bytes = ping.slice();
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  return bytes;
}

describe("worked frames", () => {
  it.each(workedFrames.map((frame) => [frame.name, frame] as const))("reads %s", (_name, frame) => {
    const { kind: _, ...decoded } = decodeFrame(fromHex(frame.hex));
    expect(decoded).toEqual(content({ ...frame.head, payload: fromHex(frame.payloadHex) }));
  });

  it.each(workedFrames.map((frame) => [frame.name, frame] as const))("writes %s", (_name, frame) => {
    expect(toHex(encodeFrame({ ...frame.head, payload: fromHex(frame.payloadHex) }))).toBe(frame.hex);
  });
});

describe("any frame", () => {
  it("comes back as it was written", () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const { kind, ...decoded } = decodeFrame(encodeFrame(frame));
        expect(decoded).toEqual(content(frame));
        const written = new Map(frame.ints).get(IntKey.frameKind);
        expect(kind).toBe(frame.flags & Flag.streaming ? Number(written) : FrameKind.none);
      }),
      { numRuns: fuzzRuns },
    );
  });

  it("fails clearly or is a frame, whatever bytes were changed", () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(anyFrame, fc.array(change, { minLength: 1, maxLength: 6 }), (frame, changes) => {
        const bytes = encodeFrame(frame);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        failsOnlyWithFrameError(() => decodeFrame(bytes));
      }),
      { numRuns: fuzzRuns },
    );
  });

  it("is refused when it is cut anywhere", () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, at) => {
        const bytes = encodeFrame(frame);
        expect(() => decodeFrame(bytes.subarray(0, at % bytes.length))).toThrow(FrameError);
      }),
      { numRuns: fuzzRuns },
    );
  });
});

describe("sections", () => {
  it("tells an absent string section from an empty one", () => {
    const bare = { flags: 0, sequenceId: 1, protocolId: 0 };
    expect(decodeFrame(encodeFrame(bare)).strings).toBeUndefined();
    expect(decodeFrame(encodeFrame({ ...bare, strings: [] })).strings).toEqual(new Map());
  });

  it("writes an empty string section as 01 00 00", () => {
    const trailer = encodeFrame(streamFrame(FrameKind.trailer, 1, "m", []));
    expect(toHex(trailer.subarray(14, 19))).toBe("1000010000");
  });

  it("writes header info without any pair as four zero bytes", () => {
    expect(toHex(encodeFrame({ flags: 0, sequenceId: 1, protocolId: 0 }))).toBe(
      "0000000e10000000000000010001" + "00000000",
    );
  });

  it("puts the ACL token into a section of its own", () => {
    const frame = { flags: 0, sequenceId: 1, protocolId: 0, strings: [[ACL_TOKEN_KEY, "abc"]] as const };
    const bytes = encodeFrame(frame);
    expect(toHex(bytes.subarray(16))).toBe("110003616263");
    expect(decodeFrame(bytes).strings).toEqual(new Map([[ACL_TOKEN_KEY, "abc"]]));
  });

  it("prefers the ACL section over a pair of the same key", () => {
    const pair = encodeFrame({ flags: 0, sequenceId: 1, protocolId: 0, strings: [["x".repeat(22), "late"]] });
    pair.set(new TextEncoder().encode(ACL_TOKEN_KEY), 21);
    const info = [...fromHex("0000"), ...fromHex("110003616263"), ...pair.subarray(16)];
    while (info.length % 4 !== 0) info.push(0);
    const bytes = Uint8Array.from([
      0,
      0,
      0,
      10 + info.length,
      0x10,
      0,
      0,
      0,
      0,
      0,
      0,
      1,
      0,
      info.length / 4,
      ...info,
    ]);
    expect(decodeFrame(bytes).strings?.get(ACL_TOKEN_KEY)).toBe("abc");
  });

  it("takes sections in any order, repeated, with padding between them, and the last value of a key", () => {
    const info =
      "1001" +
      "07" + // protocol id, one transform and its id
      "00" +
      "10000100090001" +
      "61" + // padding, key 9 = "a"
      "0000" +
      "010001" +
      "00016b" +
      "000131" + // k = 1
      "010002" +
      "00016b" +
      "000132" +
      "00016c" +
      "000133" + // k = 2, l = 3
      "100002" +
      "00090001" +
      "62" +
      "001b0001" +
      "33"; // key 9 = "b", kind DATA
    const padded = info.padEnd(Math.ceil(info.length / 8) * 8, "0");
    const size = padded.length / 2;
    const frame = decodeFrame(
      fromHex(
        (10 + size).toString(16).padStart(8, "0") +
          "10000002" +
          "ffffffff" +
          (size / 4).toString(16).padStart(4, "0") +
          padded,
      ),
    );
    expect(frame.strings).toEqual(
      new Map([
        ["k", "2"],
        ["l", "3"],
      ]),
    );
    expect(frame.ints).toEqual(
      new Map([
        [IntKey.toMethod, "b"],
        [IntKey.frameKind, "3"],
      ]),
    );
    expect(frame.kind).toBe(FrameKind.data);
    expect(frame.sequenceId).toBe(-1);
  });

  it("computes the constant part of a DATA frame once", () => {
    const head = streamHead(FrameKind.data, "EchoBidi");
    const worked = workedFrames.find((frame) => frame.name.includes("client data"));
    // All but LENGTH and the stream id.
    expect(toHex(head.subarray(4, 8))).toBe(worked?.hex.slice(8, 16));
    expect(toHex(head.subarray(12))).toBe(worked?.hex.slice(24, 76));
  });
});

describe("what is refused", () => {
  it.each([
    ["another magic", altered({ 4: 0x04, 5: 0x05 }), "magic", "0x0405, not 0x1000"],
    ["HEADER SIZE 0", altered({ 12: 0, 13: 0 }), "truncated", "HEADER SIZE is 0"],
    ["header info longer than the frame", altered({ 13: 200 }), "truncated", "header info of 800 bytes"],
    ["protocol id 2", altered({ 14: 2 }), "unknown", "protocol id 0x02"],
    ["transforms past the header info", altered({ 15: 255 }), "truncated", "transforms"],
    ["an unknown section", altered({ 16: 0x77 }), "unknown", "section 0x77"],
    ["a pair count past the header info", altered({ 18: 9 }), "truncated", "section 0x01 runs past"],
    ["a string past the header info", altered({ 20: 250 }), "truncated", "section 0x01 runs past"],
    ["a LENGTH that is not that of the frame", altered({ 3: 200 }), "truncated", "LENGTH says"],
    ["a streaming frame without a kind", altered({ 7: 2 }), "unknown", 'key 27 with "1" to "5"'],
    ["nothing", new Uint8Array(0), "truncated", "at least 14 bytes"],
  ])("%s", (_name, bytes, expected, message) => {
    const result = fault(() => decodeFrame(bytes));
    expect(result.fault).toBe(expected);
    expect(result.message).toContain(message);
  });

  it.each(["0", "6", "9", "", "33", "x"])("frame kind %j", (kind) => {
    const frame = {
      flags: Flag.streaming,
      sequenceId: 1,
      protocolId: 16,
      ints: [[IntKey.frameKind, kind]] as const,
    };
    expect(fault(() => decodeFrame(encodeFrame(frame))).fault).toBe("unknown");
  });
});

describe("limits", () => {
  const bare = { flags: 0, sequenceId: 1, protocolId: 0 };

  it("lets 65,535 bytes of a string through, and not one more", () => {
    const longest = "x".repeat(65_535);
    expect(decodeFrame(encodeFrame({ ...bare, strings: [["k", longest]] })).strings?.get("k")).toBe(longest);
    const result = fault(() => encodeFrame({ ...bare, strings: [["k", `${longest}x`]] }));
    expect(result).toEqual({
      fault: "limit",
      message: "a header key or value of 65,536 bytes is over maxStringBytes (65,535)",
    });
  });

  it("counts bytes, not characters", () => {
    expect(() => encodeFrame({ ...bare, strings: [["k", "é".repeat(32_767)]] })).not.toThrow();
    expect(() => encodeFrame({ ...bare, strings: [["k", "é".repeat(32_768)]] })).toThrow("maxStringBytes");
  });

  it("lets 262,140 bytes of header info through, and not one more", () => {
    const pairs = (last: number) =>
      [65_535, 65_535, 65_535, last].map((length, i) => [String(i), "x".repeat(length)] as const);
    // Protocol id, transforms, section head and, for each pair, two lengths and a key of one byte.
    const room = 262_140 - 2 - 3 - 4 * 5 - 3 * 65_535;
    const largest = encodeFrame({ ...bare, strings: pairs(room) });
    expect(largest.length).toBe(14 + 262_140);
    expect(decodeFrame(largest).strings?.size).toBe(4);
    expect(() => encodeFrame({ ...bare, strings: pairs(room + 1) })).toThrow("over maxHeaderBytes (262,140)");
  });

  it("refuses more pairs than a count can tell", () => {
    const ints = Array.from({ length: 65_536 }, () => [1, ""] as const);
    expect(() => encodeFrame({ ...bare, ints })).toThrow("65536 pairs");
  });

  it.each([
    ["maxMessageBytes", { maxMessageBytes: 2 }, "message of 3 bytes is over maxMessageBytes (2)"],
    ["maxHeaderBytes", { maxHeaderBytes: 4 }, "header info of 28 bytes is over maxHeaderBytes (4)"],
    ["maxStringBytes", { maxStringBytes: 3 }, "a header key or value of 4 bytes is over maxStringBytes (3)"],
  ])("%s holds when reading", (_name, limits, message) => {
    expect(fault(() => decodeFrame(ping, resolveLimits(limits)))).toEqual({ fault: "limit", message });
  });

  it.each([
    ["maxMessageBytes", 0],
    ["maxMessageBytes", Number.NaN],
    ["maxHeaderBytes", 262_141],
    ["maxStringBytes", 1.5],
  ])("%s cannot be %d", (name, value) => {
    expect(() => resolveLimits({ [name]: value })).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
  });
});
