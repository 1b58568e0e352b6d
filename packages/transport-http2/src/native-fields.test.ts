import type { Field as H2Field } from "@slipstream/h2";
import type { Fields } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { areExactFields, pushNativeFields, userFields } from "./native-fields.ts";

function written(fields: Fields): H2Field[] {
  const target: H2Field[] = [];
  pushNativeFields(target, fields);
  return target;
}

describe("native fields", () => {
  it("keep order and repeated names, and code bytes as base64 [C1][C4]", () => {
    expect(
      written([
        ["a", "1"],
        ["b", "2"],
        ["a", "3"],
        ["a-bin", Uint8Array.of(0, 255)],
      ]),
    ).toEqual([
      { name: "a", value: "1" },
      { name: "b", value: "2" },
      { name: "a", value: "3" },
      { name: "a-bin", value: "AP8" },
    ]);
  });

  it("are in lower case, without blanks at the ends of values, and only what HTTP allows [B65]", () => {
    const fields: Fields = [
      ["Mixed", " v "],
      ["with blank", "v"],
      ["connection", "v"],
      ["user-agent", "v"],
      ["control", "a\u0001b"],
    ];
    expect(written(fields)).toEqual([{ name: "mixed", value: "v" }]);
    for (const field of fields) expect(areExactFields([field])).toBe(false);
  });

  it("are exact for printable text under lower-case names, and for bytes under -bin", () => {
    expect(
      areExactFields([
        ["a", "text, with: ~"],
        ["b-bin", Uint8Array.of(1)],
      ]),
    ).toBe(true);
    expect(areExactFields([["a", "\u00fc"]])).toBe(false);
    expect(areExactFields([["a-bin", "text"]])).toBe(false);
    expect(areExactFields([["a", Uint8Array.of(1)]])).toBe(false);
  });

  it("are shown to the user without the framework's, and with every binary value of a joined one", () => {
    expect(
      userFields([
        { name: ":status", value: "200" },
        { name: "content-type", value: "application/grpc" },
        { name: "grpc-status", value: "0" },
        { name: "slipstream-meta-bin", value: "AQ" },
        { name: "rpc-persist-a", value: "1" },
        { name: "own", value: "1" },
        { name: "own-bin", value: "AQ,Ag==, Aw" },
        { name: "bad-bin", value: "*" },
        { name: "raw", value: Uint8Array.of(0x61) },
      ]),
    ).toEqual([
      ["own", "1"],
      ["own-bin", Uint8Array.of(1)],
      ["own-bin", Uint8Array.of(2)],
      ["own-bin", Uint8Array.of(3)],
      ["raw", "a"],
    ]);
  });
});
