import { describe, expect, it } from "vitest";
import { cutAt, join } from "../test/arbitrary-frames.ts";
import { type CapturedEvent, loadCaptures } from "../test/captures.ts";
import { fromHex, toHex } from "../test/worked-frames.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";
import { decodeFrame } from "./frame.ts";
import { encodeFrame } from "./frame-encode.ts";
import { FrameReader } from "./frame-reader.ts";
import { resolveLimits } from "./limits.ts";
import { readPayload } from "./payload.ts";

const kinds = new Map(Object.entries(FrameKind).map(([name, kind]) => [name.toUpperCase(), kind]));

/** What the recording proxy, which has a decoder of its own, says of a frame. */
function inWords(read: string) {
  const [, kind, sid, flags, proto, strings, ints] =
    /^(\w+) sid=(-?\d+) flags=(\d+) proto=(\d+) str=(null|\{.*\}) int=(null|\{[^}]*\})(?: payload=.*)?$/.exec(
      read,
    ) ?? [];
  const pairs = (text = "null") => JSON.parse(text) as Record<string, string> | null;
  const map = pairs(strings);
  return {
    kind: kinds.get(kind ?? "") ?? FrameKind.none,
    sequenceId: Number(sid),
    flags: Number(flags),
    protocolId: Number(proto),
    strings: map === null ? undefined : new Map(Object.entries(map)),
    ints: new Map(Object.entries(pairs(ints) ?? {}).map(([key, value]) => [Number(key), value])),
  };
}

function framesOf(events: readonly CapturedEvent[]): (CapturedEvent & { hex: string; read: string })[] {
  return events.filter((event) => event.hex !== undefined && event.read !== undefined) as never;
}

describe.each([...loadCaptures("tthstream-"), ...loadCaptures("ttheader-")])("%s", (_name, capture) => {
  const frames = framesOf(capture.events);

  it("is read frame by frame as the recording says", () => {
    expect(frames.length).toBeGreaterThan(0);
    for (const event of frames) {
      const { payload, ...head } = decodeFrame(fromHex(event.hex));
      expect(head).toEqual(inWords(event.read));
      expect(toHex(payload)).toBe(event.payload ?? "");
    }
  });

  it("is written back with the same content and size", () => {
    for (const event of frames) {
      const frame = decodeFrame(fromHex(event.hex));
      const strings = frame.strings && [...frame.strings];
      const again = encodeFrame({ ...frame, strings, ints: [...frame.ints] });
      expect(decodeFrame(again)).toEqual(frame);
      expect(again.length).toBe(fromHex(event.hex).length);
    }
  });

  it("is read the same in chunks of seven bytes", () => {
    for (const from of ["client", "server"] as const) {
      const sent = frames.filter((event) => event.from === from).map((event) => fromHex(event.hex));
      const all = join(sent);
      const got: Uint8Array[] = [];
      const reader = new FrameReader(resolveLimits(), {
        onFrame: (bytes, start, end) => got.push(bytes.slice(start, end)),
      });
      for (const chunk of cutAt(
        all,
        Array.from({ length: all.length / 7 }, (_, i) => i * 7),
      ))
        reader.push(chunk);
      expect(got).toEqual(sent);
    }
  });
});

describe("what Kitex writes", () => {
  const streams = loadCaptures("tthstream-").flatMap(([, capture]) => framesOf(capture.events));

  it("names kind and method, and nothing else, by integer keys on every streaming frame", () => {
    for (const event of streams) {
      expect([...decodeFrame(fromHex(event.hex)).ints.keys()].sort((a, b) => a - b)).toEqual([
        IntKey.toMethod,
        IntKey.frameKind,
      ]);
    }
  });

  it("wraps ping-pong payloads as TTHeader, TTHeader with Framed, and Framed", () => {
    const forms = new Set<string>();
    for (const [, capture] of [...loadCaptures("ttheader-"), ...loadCaptures("framed-")]) {
      for (const event of capture.events) {
        if (event.hex === undefined) continue;
        const bytes = fromHex(event.hex);
        const payload = event.read === undefined ? bytes : decodeFrame(bytes).payload;
        forms.add(readPayload(payload, 0, payload.length).form);
      }
    }
    expect(forms).toEqual(new Set(["framed"]));
  });
});
