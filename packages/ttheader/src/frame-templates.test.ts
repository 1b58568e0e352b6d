import {
  type CallStart,
  noFields,
  type Reply,
  type ServerByteCall,
  type ServerStart,
} from "@slipstream/stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, callStart } from "../test/calls.ts";
import { linkPair } from "../test/links.ts";
import { ClientSession } from "./client-session.ts";
import { resolveSessionOptions, type SessionOptions } from "./options.ts";
import { ServerSession } from "./server-session.ts";

const bare: Reply = {
  outcome: { message: bytes("result") },
  header: noFields,
  trailer: noFields,
  backward: new Map(),
};

/** Two sessions of ours, and what the server was told of each call. */
function sessions(options: SessionOptions = {}) {
  const links = linkPair([1000]);
  const resolved = resolveSessionOptions(options);
  const client = new ClientSession(links[0], { address: "s", transport: "test" }, resolved);
  const seen: ServerStart[] = [];
  const server = new ServerSession(links[1], { address: "c", transport: "test" }, resolved, {
    stream(stream) {
      seen.push(stream.start);
      stream.end({ trailer: noFields });
    },
    call(call: ServerByteCall) {
      seen.push(call.start);
      call.reply(bare);
    },
  });
  links[0].receiver = client;
  links[1].receiver = server;
  return { client, seen };
}

async function make(client: ClientSession, start: CallStart, isStream: boolean): Promise<void> {
  if (isStream) await client.open(start).trailer();
  else expect(await client.call(start, bytes("args"), false)).toMatchObject({ outcome: bare.outcome });
}

const seenOf = ({ service, method, persistent, transient, metadata, timeoutMs, caller }: ServerStart) => ({
  service,
  method,
  persistent: [...persistent],
  transient: [...transient],
  metadata,
  timeoutMs,
  caller,
});

describe("calls in a row", () => {
  it("each tell what they say, be it the same as before or a little different", async () => {
    // Few values, so that most calls repeat some other one, or nearly.
    const map = fc
      .uniqueArray(fc.tuple(fc.constantFrom("a", "b", "é"), fc.constantFrom("1", "2", "x".repeat(60))), {
        maxLength: 3,
        selector: ([key]) => key,
      })
      .map((pairs) => new Map(pairs));
    const start = fc.record({
      service: fc.constantFrom("Lab", "Shop"),
      method: fc.constantFrom("Chat", "Ask", "Größe"),
      persistent: map,
      transient: map,
      metadata: fc.array(
        fc.constantFrom<readonly [string, string | Uint8Array]>(
          ["m", "1"],
          ["m", "2"],
          ["b-bin", Uint8Array.of(1, 2)],
        ),
        { maxLength: 2 },
      ),
      timeoutMs: fc.constantFrom(undefined, 1000, 2000),
      caller: fc.constantFrom(undefined, "me"),
    });
    const calls = fc.array(fc.tuple(start, fc.boolean(), fc.integer({ min: 1, max: 3 })), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(calls, async (list) => {
        const { client, seen } = sessions();
        const told: unknown[] = [];
        for (const [init, isStream, times] of list) {
          for (let i = 0; i < times; i++) {
            const given = callStart(init);
            await make(client, given, isStream);
            told.push(seenOf(given as never));
          }
        }
        expect(seen.map(seenOf)).toEqual(told);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["streams", true],
    ["calls", false],
  ])("tell what their maps and bytes say now, whatever they said before: %s", async (_, isStream) => {
    const { client, seen } = sessions();
    const persistent = new Map([["k", "0"]]);
    const value = Uint8Array.of(0);
    const withMap = callStart({ persistent });
    const withBytes = callStart({ metadata: [["b-bin", value]] });
    // Each three times: seen, kept, and used again.
    const said = [0, 0, 0, 1, 1, 1, 2, 2, 2];
    for (const start of [withMap, withBytes]) {
      for (const now of said) {
        persistent.set("k", String(now));
        value[0] = now;
        await make(client, start, isStream);
      }
    }
    expect(seen.slice(0, 9).map((start) => start.persistent.get("k"))).toEqual(said.map(String));
    expect(seen.slice(9).map((start) => start.metadata)).toEqual(
      said.map((now) => [["b-bin", Uint8Array.of(now)]]),
    );
  });

  it("give their server bytes of its own, which it may change", async () => {
    const { client, seen } = sessions();
    for (let i = 0; i < 3; i++) {
      await make(client, callStart({ metadata: [["b-bin", Uint8Array.of(7)]] }), false);
      const received = seen.at(-1)?.metadata[0]?.[1] as Uint8Array;
      expect(received).toEqual(Uint8Array.of(7));
      received[0] = 8;
    }
  });

  it("fail alike when they are too large, and harm no other", async () => {
    const { client, seen } = sessions({ maxHeaderBytes: 200 });
    const tooLarge = callStart({ persistent: new Map([["k", "x".repeat(300)]]) });
    for (let i = 0; i < 3; i++) {
      expect(() => client.call(tooLarge, bytes("args"), false)).toThrow(/maxHeaderBytes/);
      expect(() => client.open(tooLarge)).toThrow(/maxHeaderBytes/);
      await make(client, callStart(), false);
    }
    expect(seen).toHaveLength(3);
  });
});
