import { describe, expect, it } from "vitest";
import * as Flag from "./format/flag.ts";
import * as ProtocolId from "./format/protocol-id.ts";
import { encodeFrame } from "./frame-encode.ts";
import { FrameHead } from "./frame-head.ts";
import { hasSections, keepSections } from "./header-block.ts";
import { resolveLimits } from "./limits.ts";

const frameOf = (value: string): Uint8Array =>
  encodeFrame({
    flags: Flag.none,
    sequenceId: 1,
    protocolId: ProtocolId.thriftBinary,
    strings: [["key", value]],
    payload: new Uint8Array(8),
  });

/** The head of `frame`, which stands in larger memory behind so many bytes. */
function headOf(frame: Uint8Array, before = 0): FrameHead {
  const bytes = new Uint8Array(before + frame.length + 3);
  bytes.set(frame, before);
  const head = new FrameHead(resolveLimits());
  head.read(bytes, before, before + frame.length);
  return head;
}

describe("sections that were kept", () => {
  it.each([0, 1, 2, 3])("are known again in other memory, behind %d bytes", (before) => {
    const block = keepSections(headOf(frameOf("value")));
    expect(hasSections(headOf(frameOf("value"), before), block)).toBe(true);
  });

  it("are told from those that differ in any one byte of a value, or in length", () => {
    const value = "a value of some length";
    const block = keepSections(headOf(frameOf(value)));
    for (let at = 0; at < value.length; at++) {
      const other = `${value.slice(0, at)}#${value.slice(at + 1)}`;
      expect(hasSections(headOf(frameOf(other)), block)).toBe(false);
    }
    expect(hasSections(headOf(frameOf(`${value} and more`)), block)).toBe(false);
  });

  it("are told from those of the next frame that the same head reads in other memory", () => {
    const head = headOf(frameOf("one"));
    const block = keepSections(head);
    expect(hasSections(head, block)).toBe(true);
    const next = frameOf("two");
    head.read(next, 0, next.length);
    expect(hasSections(head, block)).toBe(false);
  });
});
