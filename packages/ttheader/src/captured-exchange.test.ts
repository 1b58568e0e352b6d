import { BizStatusError, neverEnded, type ServerByteStream } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { callStart, streamHandler } from "../test/calls.ts";
import { type Capture, type CapturedEvent, loadCapture, loadCaptures } from "../test/captures.ts";
import { ScriptedPeer } from "../test/scripted-peer.ts";
import { fromHex, toHex } from "../test/worked-frames.ts";
import { ClientSession } from "./client-session.ts";
import * as FrameKind from "./format/frame-kind.ts";
import { decodeFrame, type Frame } from "./frame.ts";
import { resolveSessionOptions } from "./options.ts";
import { ServerSession } from "./server-session.ts";

const options = resolveSessionOptions();

function framesOf({ events }: Capture, from: "client" | "server"): { bytes: Uint8Array; frame: Frame }[] {
  return events
    .filter(
      (event): event is CapturedEvent & { hex: string } => event.from === from && event.hex !== undefined,
    )
    .map(({ hex }) => ({ bytes: fromHex(hex), frame: decodeFrame(fromHex(hex)) }));
}

const payloads = (frames: { frame: Frame }[]): string[] =>
  frames.filter(({ frame }) => frame.kind === FrameKind.data).map(({ frame }) => toHex(frame.payload));

/** What our client makes of the server's bytes. */
async function replayToClient(capture: Capture) {
  const server = new ScriptedPeer();
  const session = new ClientSession(server, { address: "kitex:1", transport: "test" }, options);
  server.receiver = session;
  const method =
    [...(framesOf(capture, "client")[0]?.frame.ints ?? [])].find(([key]) => key === 9)?.[1] ?? "";
  const stream = session.open(callStart({ method }));
  server.send(...framesOf(capture, "server").map(({ bytes }) => bytes));
  const messages: string[] = [];
  let error: unknown;
  try {
    for (let message = await stream.recv(); message !== undefined; message = await stream.recv()) {
      messages.push(toHex(message));
    }
  } catch (thrown) {
    error = thrown;
  }
  return { messages, error, header: await stream.header(), trailer: await stream.trailer() };
}

/** What our server makes of the client's bytes. */
async function replayToServer(capture: Capture) {
  const client = new ScriptedPeer();
  const streams: ServerByteStream[] = [];
  const session = new ServerSession(
    client,
    { address: "kitex:1", transport: "test" },
    options,
    streamHandler((stream) => streams.push(stream)),
  );
  client.receiver = session;
  client.send(...framesOf(capture, "client").map(({ bytes }) => bytes));
  const [stream, ...more] = streams;
  if (stream === undefined || more.length > 0) throw new Error(`${streams.length} streams came, expected 1`);
  const messages: string[] = [];
  let error: unknown;
  try {
    for (let message = await stream.recv(); message !== undefined; message = await stream.recv()) {
      messages.push(toHex(message));
    }
  } catch (thrown) {
    error = thrown;
  }
  return { stream, messages, error };
}

const streams = loadCaptures("tthstream-");
/** Exchanges that the server ended. Where the client did, the server's bytes tell of the answer to that, if any. */
const endedByServer = streams.filter(
  ([, capture]) => !framesOf(capture, "client").some(({ frame }) => frame.kind === FrameKind.rst),
);

describe.each(endedByServer)("our client, answered as in %s", (_name, capture) => {
  it("reports the messages, header and trailer that Kitex's client did", async () => {
    const seen = await replayToClient(capture);
    expect(seen.messages).toEqual(payloads(framesOf(capture, "server")));
    expect(Object.fromEntries(seen.header)).toEqual(capture.clientSaw.header ?? {});
    const trailer = Object.entries(capture.clientSaw.trailer ?? {}).filter(
      ([key]) => !key.startsWith("biz-"),
    );
    expect(Object.fromEntries(seen.trailer)).toEqual(Object.fromEntries(trailer));
  });
});

describe("our client, answered by a live Kitex", () => {
  it("throws the business status with its extra", async () => {
    const { error } = await replayToClient(loadCapture("tthstream-biz"));
    expect(error).toBeInstanceOf(BizStatusError);
    expect(error).toMatchObject({ status: 10001, message: "no <balance>", extra: { k: "v" } });
  });

  it.each([
    ["tthstream-error", "biz error: boom"],
    [
      "tthstream-panic",
      expect.stringContaining("panic: [happened in biz handler, method=Lab.Chat") as string,
    ],
    ["tthstream-declared-exception", expect.stringContaining("Refused") as string],
  ])("throws internal, with type 6, for %s", async (name, message) => {
    const { error } = await replayToClient(loadCapture(name));
    expect(error).toMatchObject({ code: "internal", message, origin: { ttstream: 12001, thriftType: 6 } });
  });
});

describe.each(streams)("our server, called as in %s", (_name, capture) => {
  it("reports the call and the messages that Kitex's client sent", async () => {
    const { stream, messages } = await replayToServer(capture);
    const header = framesOf(capture, "client")[0]?.frame;
    expect(stream.start).toMatchObject({ service: "Lab", method: header?.ints.get(9) });
    expect(new Map(stream.start.peer.raw as [string, string][])).toEqual(header?.strings);
    expect(messages).toEqual(payloads(framesOf(capture, "client")));
  });
});

describe("our server, called by a live Kitex", () => {
  it("reads the metainfo", async () => {
    const { stream } = await replayToServer(loadCapture("tthstream-bidi-metainfo"));
    expect(stream.start.persistent).toEqual(new Map([["k2", "v2"]]));
    expect(stream.start.transient).toEqual(
      new Map([
        ["k1", "v1"],
        ["Mixed-Case", "ü x"],
      ]),
    );
  });

  it.each([
    ["tthstream-cancel", "cancelled", 12007],
    ["tthstream-deadline", "deadline_exceeded", 12015],
    ["tthstream-recv-timeout", "deadline_exceeded", 12014],
  ])("is told in %s of %s, with number %i and the path", async (name, code, ttstream) => {
    const { stream, error } = await replayToServer(loadCapture(name));
    expect(error).toMatchObject({ code, origin: { ttstream, cancelPath: "lab.client", side: "server" } });
    expect(stream.start.ended.reason).toBe(error);
  });
});

describe("our client, ending a call as Kitex's does", () => {
  it("writes the same frames", () => {
    const capture = loadCapture("tthstream-client");
    const theirs = framesOf(capture, "client").map(({ frame }) => frame);
    const server = new ScriptedPeer();
    const session = new ClientSession(
      server,
      { address: "kitex:1", transport: "test" },
      resolveSessionOptions({ extensions: false }),
    );
    server.receiver = session;
    const stream = session.open(callStart({ method: theirs[0]?.ints.get(9) ?? "", ended: neverEnded }));
    for (const { kind, payload } of theirs) if (kind === FrameKind.data) void stream.send(payload);
    stream.closeSend();
    expect(server.take()).toEqual(theirs);
  });
});
