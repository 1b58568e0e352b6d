import { type ClientByteStream, noFields, RpcError, type ServerByteStream } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { callStart, failure, serve, until } from "../test/serving.ts";
import { type TtheaderTransport, ttheader } from "./index.ts";

const streams = 100;
const messages = 10_000;
const size = 100;
const windowBytes = 256 * 1024;
/** What a message costs beside its bytes. */
const overhead = 64;

/** Sends as fast as it may. */
async function feed(stream: ServerByteStream, count: number): Promise<void> {
  const message = new Uint8Array(size);
  try {
    for (let i = 0; i < count; i++) {
      const room = stream.send(message);
      if (room !== undefined) await room;
    }
    stream.end({ trailer: noFields });
  } catch {
    // The client has gone.
  }
}

async function count(stream: ClientByteStream): Promise<number> {
  for (let n = 0; ; n++) {
    let message = stream.recv();
    if (message instanceof Promise) message = await message;
    if (message === undefined) return n;
  }
}

describe("100 streams on one connection, one of which nobody reads", () => {
  it("the others get 10,000 messages each, and what is queued stays within the credit", async () => {
    let unread = 0;
    await using serving = await serve({ stream: (stream) => void feed(stream, messages) });
    await using client = ttheader({ streamWindowBytes: windowBytes });
    const open = () => client.open(callStart(serving.address), {});
    const stalled = await open();
    const others = await Promise.all(Array.from({ length: streams - 1 }, open));
    const watch = setInterval(() => (unread = Math.max(unread, client.queuedBytes)), 5);
    const counts = await Promise.all(others.map(count));
    clearInterval(watch);
    expect(new Set(counts)).toEqual(new Set([messages]));
    expect(serving.sockets).toHaveLength(1);
    // All but the one have ended; it holds its window and the message that overshot it, and no more.
    expect(client.queuedBytes).toBeGreaterThan(windowBytes - size - overhead);
    expect(client.queuedBytes).toBeLessThanOrEqual(windowBytes + size + overhead);
    expect(unread).toBeLessThanOrEqual(streams * (windowBytes + size + overhead));
    // Nothing was lost of it.
    expect(await count(stalled)).toBe(messages);
  }, 60_000);

  it("towards a peer without credit it is ended after its time, and the others then get theirs", async () => {
    const maxUnreadBytes = 64 * 1024;
    await using serving = await serve({ stream: (stream) => void feed(stream, 2000) }, { extensions: false });
    await using client: TtheaderTransport = ttheader({
      extensions: false,
      maxUnreadBytes,
      stalledStreamTimeoutMs: 50,
    });
    const open = () => client.open(callStart(serving.address), {});
    const stalled = await open();
    const others = await Promise.all(Array.from({ length: streams - 1 }, open));
    const counts = await Promise.all(others.map(count));
    expect(new Set(counts)).toEqual(new Set([2000]));
    expect(await failure(async () => count(stalled))).toMatchObject({
      code: "resource_exhausted",
      message: expect.stringContaining("stalledStreamTimeoutMs (50)") as string,
    });
    await until(() => client.queuedBytes === 0);
  }, 60_000);
});

describe("a stream that is read as fast as it comes", () => {
  const maxStreamWindowBytes = 2 * 1024 * 1024;
  const large = 16 * 1024;

  async function read(stream: ClientByteStream, messageCount: number): Promise<void> {
    for (let n = 0; n < messageCount; n++) expect(await stream.recv()).toHaveLength(large);
  }

  it("gets more credit, up to maxStreamWindowBytes, and its first again when its messages wait", async () => {
    await using serving = await serve({
      async stream(stream) {
        const message = new Uint8Array(large);
        try {
          for (;;) await stream.send(message);
        } catch {
          // The client has gone.
        }
      },
    });
    await using client = ttheader({ streamWindowBytes: windowBytes, maxStreamWindowBytes });
    const stream = await client.open(callStart(serving.address), {});
    await read(stream, 2000);
    // Now nobody reads, and what was promised comes.
    await until(() => client.queuedBytes > maxStreamWindowBytes / 2);
    const mostUnread = async (): Promise<number> => {
      let before = -1;
      await until(() => before === (before = client.queuedBytes));
      return before;
    };
    expect(await mostUnread()).toBeLessThanOrEqual(maxStreamWindowBytes + large + overhead);
    // The first credit from here on may still be for a fast reader: it has waited since the last.
    for (let round = 0; round < 3; round++) {
      await mostUnread();
      while (stream.tryRecv());
    }
    await until(() => client.queuedBytes > windowBytes / 2);
    expect(await mostUnread()).toBeLessThanOrEqual(windowBytes + large + overhead);
    stream.cancel(new RpcError("cancelled", "enough"));
  }, 60_000);
});

describe("a server whose handler does not read", () => {
  it("holds its client back, without credit by not reading the socket", async () => {
    let handler: ServerByteStream | undefined;
    await using serving = await serve(
      { stream: (stream) => (handler = stream) },
      { extensions: false, maxUnreadBytes: 100_000 },
    );
    await using client = ttheader({ extensions: false });
    const stream = await client.open(callStart(serving.address), {});
    let sent = 0;
    let isDone = false;
    const sending = (async () => {
      for (; sent < 1000; sent++) await stream.send(new Uint8Array(100_000));
      isDone = true;
      stream.closeSend();
    })();
    await until(() => serving.transport.queuedBytes >= 100_000);
    // 100 MB do not fit into what two sockets hold.
    let before = -1;
    await until(() => before === (before = sent));
    expect(isDone).toBe(false);
    expect(serving.transport.queuedBytes).toBeLessThan(1_000_000);
    let received = 0;
    for (; ; received++) if ((await handler?.recv()) === undefined) break;
    await sending;
    expect(received).toBe(1000);
    handler?.end({ trailer: noFields });
  }, 60_000);
});
