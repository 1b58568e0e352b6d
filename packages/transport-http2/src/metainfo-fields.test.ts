import type { Field as H2Field } from "@slipstream/h2";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allExact, pushMetainfo, readMetainfo } from "./metainfo-fields.ts";

const none = new Map<string, string>();

function written(persistent: ReadonlyMap<string, string>, transient = none): H2Field[] {
  const fields: H2Field[] = [];
  pushMetainfo(fields, persistent, transient);
  return fields;
}

describe("metainfo on HTTP/2 [B63][D11][D22]", () => {
  it("is written with Kitex's prefixes, keys in lower case with hyphens", () => {
    expect(written(new Map([["REGION_ID", "eu"]]), new Map([["TOKEN", "t"]]))).toEqual([
      { name: "rpc-transit-token", value: "t" },
      { name: "rpc-persist-region-id", value: "eu" },
    ]);
  });

  it("folds keys of other letters, so that they are read in capitals", () => {
    const { persistent } = readMetainfo(written(new Map([["Hello-World", "1"]])));
    expect(persistent).toEqual(new Map([["HELLO_WORLD", "1"]]));
  });

  it("codes values under names that end in -bin as base64 [C4]", () => {
    const fields = written(new Map([["FOO_BIN", "bytes \u00fc"]]));
    expect(fields).toEqual([
      {
        name: "rpc-persist-foo-bin",
        value: Buffer.from("bytes \u00fc").toString("base64").replace(/=+$/, ""),
      },
    ]);
    expect(readMetainfo(fields).persistent).toEqual(new Map([["FOO_BIN", "bytes \u00fc"]]));
  });

  it("leaves out keys and values that HTTP has no place for", () => {
    expect(
      written(
        new Map([
          ["A B", "1"],
          ["C", "line\nfeed"],
          ["D", "ok"],
        ]),
      ),
    ).toEqual([{ name: "rpc-persist-d", value: "ok" }]);
  });

  it("reads the first of a repeated name, names with underscores, and no empty values", () => {
    const fields = [
      { name: "rpc-persist-a", value: "1" },
      { name: "rpc-persist-a", value: "2" },
      { name: "rpc-transit-b_c", value: "3" },
      { name: "rpc-transit-d", value: "" },
      { name: "rpc-transit-", value: "4" },
      { name: "rpc-transit-e-bin", value: "*" },
    ];
    expect(readMetainfo(fields)).toEqual({
      persistent: new Map([["A", "1"]]),
      transient: new Map([["B_C", "3"]]),
    });
  });

  it("says which maps have a pair that it cannot carry exactly", () => {
    const exact = new Map([["A_1", "1"]]);
    const folded = new Map([...exact, ["Hello", "1"]]);
    expect(pushMetainfo([], exact, folded)).toEqual({ transient: folded });
    expect(pushMetainfo([], folded, exact)).toEqual({ persistent: folded });
    expect(pushMetainfo([], folded, folded)).toEqual({ persistent: folded, transient: folded });
    expect(pushMetainfo([], exact, exact)).toBe(allExact);
  });

  it("calls exact only what comes back as it was", () => {
    const key = fc.string({ unit: fc.constantFrom("A", "Z", "0", "_", "a", "-", " ", "_BIN", "I") });
    fc.assert(
      fc.property(fc.dictionary(key, fc.string({ maxLength: 10 })), (record) => {
        const pairs = new Map(Object.entries(record).filter(([name, value]) => name !== "" && value !== ""));
        const fields: H2Field[] = [];
        if (pushMetainfo(fields, pairs, none) !== allExact) return;
        expect(readMetainfo(fields).persistent).toEqual(pairs);
      }),
    );
  });
});
