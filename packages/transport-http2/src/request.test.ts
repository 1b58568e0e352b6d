import type { Fields as H2Fields } from "@slipstream/h2";
import { type CallStart, neverEnded, parseAddress } from "@slipstream/stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestReader } from "./received-request.ts";
import { RequestSections } from "./request.ts";

const route = { scheme: "http", authority: "localhost:1", acceptsGzip: false, sendsGzip: false } as const;
const peer = { address: "127.0.0.1:1", transport: "http2" };

// Sorted, since their order says nothing: the same pairs in another order may be said as they were before.
const pairs = fc
  .dictionary(fc.constantFrom("A", "B_C", "lower"), fc.constantFrom("1", "2", "\u00fc"), { maxKeys: 2 })
  .map(
    (record): ReadonlyMap<string, string> =>
      new Map(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))),
  );

const start: fc.Arbitrary<CallStart> = fc.record({
  service: fc.constantFrom("S", "T"),
  method: fc.constantFrom("M", "N"),
  contentSubtype: fc.constant("thrift"),
  caller: fc.constantFrom(undefined, "c"),
  persistent: pairs,
  transient: pairs,
  metadata: fc.constantFrom([], [["a", "1"]], [["a", "2"]], [["a-bin", Uint8Array.of(1)]]),
  timeoutMs: fc.constantFrom(undefined, 5, 7),
  ended: fc.constant(neverEnded),
  address: fc.constant(parseAddress("localhost:1")),
}) as fc.Arbitrary<CallStart>;

/** Calls that differ from one before them in one thing at most. */
const calls = fc
  .tuple(start, fc.array(fc.tuple(start, fc.nat({ max: 9 })), { maxLength: 12 }))
  .map(([first, others]) =>
    others.reduce<CallStart[]>(
      (all, [other, part]) => {
        const name = Object.keys(first)[part] as keyof CallStart;
        return [...all, { ...(all.at(-1) as CallStart), [name]: other[name] }];
      },
      [first],
    ),
  );

/** The lists that a session was given. */
function opened(sections: RequestSections, call: CallStart): { shared: H2Fields; all: H2Fields } {
  let lists = { shared: [] as H2Fields, all: [] as H2Fields };
  const session = {
    open(_: unknown, shared: H2Fields, fields: H2Fields = []) {
      lists = { shared, all: [...shared, ...fields] };
      return undefined as never;
    },
  };
  sections.open(session, undefined as never, call, false);
  return lists;
}

const byName = (fields: H2Fields): string[] =>
  fields.map(({ name, value }) => `${name}: ${String(value)}`).sort();

describe("the sections of a connection's requests", () => {
  it("say of each call what they say of it alone, whatever was said before", () => {
    fc.assert(
      fc.property(calls, (inTurn) => {
        const sections = new RequestSections(route);
        for (const call of inTurn) {
          const alone = opened(new RequestSections(route), call);
          expect(byName(opened(sections, call).all)).toEqual(byName(alone.all));
        }
      }),
    );
  });

  it("are one list for calls that have all in common but their deadline", () => {
    const sections = new RequestSections(route);
    const call = {
      ...(fc.sample(start, 1)[0] as CallStart),
      metadata: [["a", "1"]] as const,
      persistent: new Map([["A", "1"]]),
    };
    opened(sections, call);
    const second = opened(sections, { ...call, timeoutMs: 3 });
    const third = opened(sections, { ...call, persistent: new Map(call.persistent), timeoutMs: 4 });
    expect(third.shared).toBe(second.shared);
    expect(third.all).toHaveLength(third.shared.length + 1);
  });
});

describe("a request that comes with the section of another", () => {
  it("says the same, with bytes of its own", () => {
    fc.assert(
      fc.property(start, (call) => {
        const { all } = opened(new RequestSections(route), call);
        const reader = new RequestReader(peer);
        const first = reader.read(all, neverEnded);
        const second = reader.read(all, neverEnded);
        const { metadata } = first.start;
        expect(second.start).toEqual(first.start);
        for (const [i, [, value]] of metadata.entries()) {
          if (typeof value !== "string") expect(second.start.metadata[i]?.[1]).not.toBe(value);
        }
        expect([...second.start.persistent]).toEqual(
          [...call.persistent].filter(([, value]) => value !== ""),
        );
      }),
    );
  });
});
