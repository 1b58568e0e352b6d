import type { Fields, ServerByteStream } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { bytes, callStart, echo, readAll, streamHandler } from "../test/calls.ts";
import { linkPair, type MemoryLink } from "../test/links.ts";
import { ClientSession } from "./client-session.ts";
import { resolveSessionOptions, type SessionOptions } from "./options.ts";
import { ServerSession } from "./server-session.ts";

interface Pair {
  readonly client: ClientSession;
  readonly server: ServerSession;
  readonly clientLink: MemoryLink;
  readonly serverLink: MemoryLink;
}

/** A client and a server of ours over a link in memory. */
function connect(
  onStream: (stream: ServerByteStream) => void,
  options: SessionOptions = {},
  cuts: readonly number[] = [],
): Pair {
  const [clientLink, serverLink] = linkPair(cuts);
  const resolved = resolveSessionOptions(options);
  const client = new ClientSession(clientLink, { address: "server", transport: "test" }, resolved);
  const server = new ServerSession(
    serverLink,
    { address: "client", transport: "test" },
    resolved,
    streamHandler(onStream),
  );
  clientLink.receiver = client;
  serverLink.receiver = server;
  return { client, server, clientLink, serverLink };
}

describe("two sessions of ours", () => {
  it("echo messages in order, end, and leave nothing behind", async () => {
    const { client, server } = connect((stream) => void echo(stream, [["t", "1"]]));
    const stream = client.open(callStart());
    const sent = Array.from({ length: 5000 }, (_, i) => `message ${i}`);
    const received = readAll(stream);
    for (const message of sent) await stream.send(bytes(message));
    stream.closeSend();
    expect(await received).toEqual(sent);
    expect(await stream.header()).toEqual([]);
    expect(await stream.trailer()).toEqual([["t", "1"]]);
    await new Promise(setImmediate);
    expect([client.openCount, server.openCount]).toEqual([0, 0]);
  });

  it("carry what the native pairs cannot", async () => {
    let seen: unknown;
    const metadata: Fields = [
      ["x", "1"],
      ["x", "2"],
      ["b-bin", Uint8Array.of(0, 255)],
    ];
    const fields: Fields = [
      ["h", "1"],
      ["h", "2"],
      ["h-bin", Uint8Array.of(7)],
      ["date", "today"],
    ];
    const { client } = connect((stream) => {
      seen = stream.start;
      stream.sendHeader(fields);
      stream.end({ trailer: fields });
    });
    const start = callStart({
      persistent: new Map([["Key-ü", "a\nb"]]),
      transient: new Map([["UPSTREAM_x", "y"]]),
      metadata,
      timeoutMs: 1234,
      caller: "me",
      callerMethod: "m",
    });
    const stream = client.open(start);
    expect(await stream.header()).toEqual(fields);
    expect(await stream.trailer()).toEqual(fields);
    const { service, method, persistent, transient, timeoutMs, caller, callerMethod } = start;
    expect(seen).toMatchObject({
      service,
      method,
      persistent,
      transient,
      metadata,
      timeoutMs,
      caller,
      callerMethod,
    });
    expect(stream.peer.isSlipstream).toBe(true);
  });

  it("send what one turn wrote in one write", async () => {
    const { client, clientLink } = connect((stream) => void echo(stream));
    const streams = Array.from({ length: 10 }, () => client.open(callStart()));
    for (const stream of streams) {
      for (let i = 0; i < 10; i++) void stream.send(bytes("small"));
      stream.closeSend();
    }
    expect(clientLink.writes).toBe(0);
    await Promise.all(streams.map((stream) => readAll(stream)));
    // One for all of the above.
    expect(clientLink.writes).toBeLessThanOrEqual(2);
  });
});
