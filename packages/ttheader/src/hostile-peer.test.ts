import { noFields, type ServerByteStream } from "@slipstream/stream";
import { encodeException } from "@slipstream/thrift";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { anyFrame, cutAt, fuzzRuns, fuzzTimeoutMs, join } from "../test/arbitrary-frames.ts";
import { bytes, callStart } from "../test/calls.ts";
import { peer, ScriptedPeer } from "../test/scripted-peer.ts";
import { ClientSession } from "./client-session.ts";
import { encodeFrame, type FrameInit } from "./frame-encode.ts";
import { resolveSessionOptions } from "./options.ts";
import { ServerSession } from "./server-session.ts";

vi.setConfig({ testTimeout: fuzzTimeoutMs });

const options = resolveSessionOptions({ maxStreams: 8, maxMessageBytes: 10_000 });

/** Frames that a peer could really send, for few streams, so that they meet. */
const plausible: fc.Arbitrary<FrameInit> = fc
  .tuple(
    fc.constantFrom("header", "data", "trailer", "rst", "meta", "message"),
    fc.integer({ min: -1, max: 4 }),
    fc.constantFrom(
      undefined,
      [
        ["slipstream", "1"],
        ["slipstream-window", "100"],
      ] as const,
      [["slipstream-window", "5000000"]] as const,
      [["slipstream-meta", "AQ"]] as const,
      [["slipstream-meta", "AQEB"]] as const,
      [
        ["biz-status", "7"],
        ["biz-extra", "{"],
      ] as const,
      [
        ["slipstream-drain", "1"],
        ["slipstream-ping", "x"],
      ] as const,
    ),
    fc.constantFrom(
      bytes(""),
      bytes("payload"),
      encodeException("Chat", 1, { type: 6, message: "boom" }),
      Uint8Array.from([0x80, 1, 0, 1, 0, 0, 0, 1, 0x6d, 0, 0, 0, 1, 0]),
      new Uint8Array(20_000),
    ),
  )
  .map(([kind, id, strings, payload]) => {
    if (kind === "message") return peer.message(id, payload, strings);
    if (kind === "data") return peer.data(id, payload);
    if (kind === "trailer" || kind === "rst") return peer[kind](id, strings, payload);
    return peer[kind as "header" | "meta"](id, strings);
  });

const traffic = fc.tuple(
  fc.array(fc.oneof({ weight: 8, arbitrary: plausible }, { weight: 1, arbitrary: anyFrame }), {
    maxLength: 30,
  }),
  fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }),
  fc.array(fc.nat(), { maxLength: 5 }),
);

function chunksOf([frames, changes, cuts]: [FrameInit[], [number, number][], number[]]): Uint8Array[] {
  const all = join(frames.map((frame) => encodeFrame(frame)));
  for (const [at, value] of changes) if (all.length > 0) all[at % all.length] = value;
  return cutAt(all, cuts);
}

describe("whatever a peer sends", () => {
  it("a client survives: its streams end, or go on, and nothing is thrown", async () => {
    await fc.assert(
      fc.asyncProperty(traffic, async (sent) => {
        const server = new ScriptedPeer();
        const session = new ClientSession(server, { address: "s", transport: "test" }, options);
        const streams = [session.open(callStart()), session.open(callStart())];
        const calls = [session.call(callStart(), bytes("x"), false)];
        for (const chunk of chunksOf(sent)) session.onData(chunk);
        session.onClose();
        await Promise.allSettled([
          ...calls,
          ...streams.flatMap((stream) => [stream.header(), stream.trailer(), drain(stream)]),
        ]);
        expect([session.openCount, session.isClosed]).toEqual([0, true]);
      }),
      { numRuns: fuzzRuns },
    );
  });

  it("a server survives: its handlers are told, or go on, and nothing is thrown", async () => {
    await fc.assert(
      fc.asyncProperty(traffic, async (sent) => {
        const client = new ScriptedPeer();
        const streams: ServerByteStream[] = [];
        const session = new ServerSession(client, { address: "c", transport: "test" }, options, {
          stream: (stream) => {
            streams.push(stream);
            try {
              void stream.send(bytes("hello"));
            } catch {
              // Over by now.
            }
          },
          call: (call) => call.reply(undefined),
        });
        for (const chunk of chunksOf(sent)) session.onData(chunk);
        expect(session.openCount).toBeLessThanOrEqual(options.maxStreams);
        session.onClose();
        await Promise.all(streams.map((stream) => drain(stream).catch(() => {})));
        for (const stream of streams) stream.end({ trailer: noFields });
        expect([session.openCount, session.isClosed]).toEqual([0, true]);
      }),
      { numRuns: fuzzRuns },
    );
  });
});

async function drain(stream: {
  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined;
}): Promise<void> {
  while ((await stream.recv()) !== undefined);
}
