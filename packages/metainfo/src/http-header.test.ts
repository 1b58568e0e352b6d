import { describe, expect, it } from "vitest";
import {
  Context,
  cgiVariableToHTTPHeader,
  delValue,
  forwardValues,
  fromHTTPHeader,
  getAllPersistentValues,
  getAllValues,
  getPersistentValue,
  getValue,
  HTTP_PREFIX_BACKWARD,
  HTTP_PREFIX_PERSISTENT,
  HTTP_PREFIX_TRANSIENT,
  HTTPHeader,
  httpHeaderToCGIVariable,
  setMetaInfoFromMap,
  toHTTPHeader,
  transferForward,
  withPersistentValue,
  withValue,
  withValues,
} from "./index.ts";

const bare = Context.background;
const base = withPersistentValue(
  withValue(transferForward(withValue(bare, "uk", "uv")), "tk", "tv"),
  "pk",
  "pv",
);

function written(context: Context): [string, string][] {
  const header = new HTTPHeader();
  toHTTPHeader(context, header);
  return visited(header);
}

function visited(header: HTTPHeader): [string, string][] {
  const seen: [string, string][] = [];
  header.visit((key, value) => seen.push([key, value]));
  return seen;
}

function read(context: Context, ...fields: [string, string][]): Context {
  return fromHTTPHeader(context, { visit: (visit) => fields.forEach(([key, value]) => visit(key, value)) });
}

describe("names", () => {
  it("are those of Kitex [D11]", () => {
    expect(HTTP_PREFIX_PERSISTENT).toBe("rpc-persist-");
    expect(HTTP_PREFIX_TRANSIENT).toBe("rpc-transit-");
    expect(HTTP_PREFIX_BACKWARD).toBe("rpc-backward-");
  });

  it.each([
    ["a", "A"],
    ["aBc", "ABC"],
    ["ab-", "AB_"],
    ["-cd", "_CD"],
    ["abc-def", "ABC_DEF"],
    ["Abc-def_ghi", "ABC_DEF_GHI"],
    ["ß-ı-é", "ß_ı_é"],
    ["", ""],
  ])("turn a header %j into the CGI variable %j, and again [D22]", (header, variable) => {
    expect(httpHeaderToCGIVariable(header)).toBe(variable);
    expect(httpHeaderToCGIVariable(header)).toBe(variable);
  });

  it.each([
    ["AB_", "ab-"],
    ["_CD", "-cd"],
    ["ABC_DEF", "abc-def"],
    ["ABC-def_GHI", "abc-def-ghi"],
    ["\u212a_İ_É", "\u212a-İ-É"],
    ["", ""],
  ])("turn a CGI variable %j into the header %j, and again [D22]", (variable, header) => {
    expect(cgiVariableToHTTPHeader(variable)).toBe(header);
    expect(cgiVariableToHTTPHeader(variable)).toBe(header);
  });

  it("are right for any number of names, of any length [D22]", () => {
    for (let i = 0; i < 2000; i++) expect(httpHeaderToCGIVariable(`x-${i}`)).toBe(`X_${i}`);
    expect(httpHeaderToCGIVariable("x-".repeat(100))).toBe("X_".repeat(100));
  });
});

describe("HTTPHeader", () => {
  it("sets one value in place of all, under the lower-case name [D23]", () => {
    const header = new HTTPHeader({ foo: ["1", "2"] });
    header.set("FOO", "3");
    header.set("Bar", "4");
    expect(visited(header)).toEqual([
      ["foo", "3"],
      ["bar", "4"],
    ]);
    expect(header.get("Foo")).toEqual(["3"]);
  });

  it("visits the first value of each name, and skips names without values [D23]", () => {
    const header = new HTTPHeader({ a: ["1", "2"], b: [], c: ["3"], d: undefined, E: "4" });
    expect(visited(header)).toEqual([
      ["a", "1"],
      ["c", "3"],
      ["e", "4"],
    ]);
    expect(header.get("a")).toEqual(["1", "2"]);
    expect(header.get("b")).toEqual([]);
    expect(header.get("x")).toEqual([]);
  });

  it("keeps its own lists", () => {
    const list = ["1"];
    const header = new HTTPHeader({ a: list });
    list[0] = "changed";
    expect(header.get("a")).toEqual(["1"]);
  });
});

describe("toHTTPHeader", () => {
  it("writes transient, received and persistent values, and does not transfer forward [D21]", () => {
    expect(written(base)).toEqual([
      ["rpc-transit-uk", "uv"],
      ["rpc-transit-tk", "tv"],
      ["rpc-persist-pk", "pv"],
    ]);
    expect(getValue(base, "uk")).toBe("uv");
  });

  it("leaves received values out after transferForward [D8][D21]", () => {
    expect(written(transferForward(base))).toEqual([
      ["rpc-transit-tk", "tv"],
      ["rpc-persist-pk", "pv"],
    ]);
  });

  it.each(["a b", "x:y", "a/b", "a@b", "你", "a\tb", 'a"b', "a(b"])("leaves out the key %j [B63]", (key) => {
    expect(written(withPersistentValue(withValue(bare, key, "v"), key, "v"))).toEqual([]);
  });

  it("writes all other characters of a token", () => {
    expect(written(withValue(bare, "!#$%&'*+-.^_`|~09AZaz", "v"))).toEqual([
      ["rpc-transit-!#$%&'*+-.^-`|~09azaz", "v"],
    ]);
  });

  it("leaves out values with control characters, other than TAB", () => {
    const context = withValues(
      bare,
      "A",
      "\0",
      "B",
      "a\nb",
      "C",
      "\x7f",
      "D",
      "a\tb",
      "E",
      "é你😀\x80",
      "F",
      "\x1f",
    );
    expect(written(context)).toEqual([
      ["rpc-transit-d", "a\tb"],
      ["rpc-transit-e", "é你😀\x80"],
    ]);
  });

  it("lets the last of the keys that make one name win: received, then transient, in order [B63]", () => {
    const context = withValues(transferForward(withValue(bare, "HELLO", "1")), "hello", "2", "Hello", "3");
    expect(written(context)).toEqual([["rpc-transit-hello", "3"]]);
  });

  it("writes the transient value of a key that was also received, or nothing", () => {
    const both = setMetaInfoFromMap(bare, {
      RPC_TRANSIT_UPSTREAM_k: "old",
      RPC_TRANSIT_UPSTREAM_K: "other",
      RPC_TRANSIT_k: "new",
    });
    expect(written(both)).toEqual([["rpc-transit-k", "new"]]);
    const unwritable = setMetaInfoFromMap(both, { RPC_TRANSIT_k: "\0" });
    expect(written(delValue(unwritable, "K"))).toEqual([]);
    expect(written(unwritable)).toEqual([["rpc-transit-k", "other"]]);
  });

  it("does nothing without a context, metainfo or a header", () => {
    const header = new HTTPHeader();
    toHTTPHeader(undefined as never, header);
    toHTTPHeader(bare, header);
    toHTTPHeader(base, undefined as never);
    expect(visited(header)).toEqual([]);
  });
});

describe("fromHTTPHeader", () => {
  it("reads keys as CGI variables, prefixes in any letter case [D21]", () => {
    const context = read(
      bare,
      ["RPC-Transit-Foo-bar", "1"],
      ["rpc-persist-A_b.c", "2"],
      ["rpc-transit-upstream-k", "3"],
    );
    expect([...forwardValues(context).transient]).toEqual([
      ["FOO_BAR", "1"],
      ["UPSTREAM_K", "3"],
    ]);
    expect([...getAllPersistentValues(context)]).toEqual([["A_B.C", "2"]]);
    expect(forwardValues(context).upstream.size).toBe(0);
  });

  it("merges over what the context has, within each key space [D21]", () => {
    const context = read(base, ["rpc-transit-xk", "xv"], ["rpc-persist-yk", "yv"], ["rpc-persist-pk", "PV"]);
    expect([...getAllValues(context)]).toEqual([
      ["uk", "uv"],
      ["tk", "tv"],
      ["XK", "xv"],
    ]);
    expect([...getAllPersistentValues(context)]).toEqual([
      ["pk", "pv"],
      ["YK", "yv"],
      ["PK", "PV"],
    ]);
  });

  it("ignores bare prefixes, empty values and other headers [D2]", () => {
    const fields: [string, string][] = [
      ["rpc-transit-", "1"],
      ["rpc-persist-", "2"],
      ["rpc-transit", "3"],
      ["rpc-backward-k", "4"],
      ["x-rpc-transit-k", "5"],
      ["rpc-transit-k", ""],
      ["content-type", "6"],
    ];
    expect(read(bare, ...fields)).toBe(bare);
    expect(read(base, ...fields)).not.toBe(base);
    expect(read(bare)).toBe(bare);
  });

  it("lets the last of the names that make one key win", () => {
    for (const context of [bare, base]) {
      const after = read(
        context,
        ["rpc-transit-a-b", "1"],
        ["rpc-transit-a_b", "2"],
        ["rpc-transit-A-B", "3"],
      );
      expect(getValue(after, "A_B")).toBe("3");
      expect(getAllValues(after).get("A_B")).toBe("3");
    }
  });

  it("does not let an empty value win over another of the same key [D2]", () => {
    expect(getValue(read(bare, ["rpc-transit-a-b", "1"], ["rpc-transit-a_b", ""]), "A_B")).toBe("1");
  });

  it("does not transfer forward [D21]", () => {
    expect(written(read(bare, ["rpc-transit-k", "v"]))).toEqual([["rpc-transit-k", "v"]]);
  });

  it("reads an HTTPHeader, the first value of each name", () => {
    const context = fromHTTPHeader(bare, new HTTPHeader({ "rpc-persist-k": ["1", "2"] }));
    expect(getPersistentValue(context, "K")).toBe("1");
  });

  it("is unchanged without a context or a carrier", () => {
    expect(fromHTTPHeader(undefined as never, new HTTPHeader())).toBeUndefined();
    expect(fromHTTPHeader(base, undefined as never)).toBe(base);
  });
});

describe("a hop over HTTP headers", () => {
  it.each([
    ["HELLO_WORLD", "HELLO_WORLD"],
    ["A.B", "A.B"],
    ["HELLO-WORLD", "HELLO_WORLD"],
    ["hello", "HELLO"],
    ["Foo_Bar", "FOO_BAR"],
    ["RetryReq", "RETRYREQ"],
    ["gdpr-token", "GDPR_TOKEN"],
  ])("brings the key %s as %s [B63][D9]", (sent, received) => {
    const header = new HTTPHeader();
    toHTTPHeader(withValue(bare, sent, "v"), header);
    const context = fromHTTPHeader(bare, header);
    expect([...getAllValues(context)]).toEqual([[received, "v"]]);
  });
});
