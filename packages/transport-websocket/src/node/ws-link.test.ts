import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { WsLink } from "./ws-link.ts";

/** A TTHeader frame as far as links look at it: LENGTH, then so many bytes. */
function frameOf(length: number): Uint8Array {
  const frame = Uint8Array.from({ length: 4 + length }, (_, i) => i * 7);
  new DataView(frame.buffer).setUint32(0, length);
  return frame;
}

/** Payloads of each form that a length has in the head of a WebSocket frame, and around them. */
const lengths = [0, 1, 121, 122, 123, 1_000, 4_091, 4_092, 0xffff - 4, 0x10000 - 4, 200_000];

interface Ends {
  readonly client: WebSocket;
  readonly clientTcp: Socket;
  readonly server: WebSocket;
  readonly serverTcp: Socket;
  [Symbol.asyncDispose](): Promise<void>;
}

async function connect(perMessageDeflate: boolean): Promise<Ends> {
  const listening = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate });
  await once(listening, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(listening.address() as AddressInfo).port}`, {
    perMessageDeflate,
  });
  const [[server, request], [response]] = (await Promise.all([
    once(listening, "connection"),
    once(client, "upgrade"),
    once(client, "open"),
  ])) as unknown as [[WebSocket, IncomingMessage], [IncomingMessage]];
  return {
    client,
    clientTcp: response.socket,
    server,
    serverTcp: request.socket,
    async [Symbol.asyncDispose]() {
      client.terminate();
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}

/** As many messages as come, whole. */
function received(socket: WebSocket, count: number): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  return new Promise((resolve) => {
    socket.on("message", (message: Buffer) => {
      if (messages.push(message) === count) resolve(messages);
    });
  });
}

/** What a client would write to send a message. */
async function bytesOf({ client, clientTcp }: Ends, message: Uint8Array): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const { write } = clientTcp;
  clientTcp.write = (piece: Uint8Array) => pieces.push(Buffer.from(piece)) > 0;
  client.send(message, { compress: false });
  while (client.bufferedAmount > 0) await turn();
  clientTcp.write = write;
  return Buffer.concat(pieces);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe.each([
  ["plain", false],
  ["compressed", true],
])("a link over a WebSocket, %s", (_, isCompressed) => {
  it("sends a client's messages so that `ws` reads them", async () => {
    await using ends = await connect(isCompressed);
    const link = new WsLink(ends.client, ends.clientTcp, false, 0);
    const messages = received(ends.server, lengths.length);
    for (const length of lengths) link.write([frameOf(length)]);
    expect(await messages).toEqual(lengths.map((length) => Buffer.from(frameOf(length))));
  });

  it("sends a server's messages so that `ws` reads them", async () => {
    await using ends = await connect(isCompressed);
    const link = new WsLink(ends.server, ends.serverTcp, true, 0);
    const messages = received(ends.client, lengths.length);
    for (const length of lengths) link.write([frameOf(length)]);
    expect(await messages).toEqual(lengths.map((length) => Buffer.from(frameOf(length))));
  });

  it("reads a client's messages that `ws` sent", async () => {
    await using ends = await connect(isCompressed);
    const link = new WsLink(ends.server, ends.serverTcp, true, 0);
    const messages: Uint8Array[] = [];
    const came = new Promise<void>((resolve) => {
      link.start({
        onData: (message) => {
          if (messages.push(Buffer.from(message)) === lengths.length) resolve();
        },
        onDrain: () => {},
        onClose: () => {},
      });
    });
    for (const length of lengths) ends.client.send(frameOf(length));
    await came;
    expect(messages).toEqual(lengths.map((length) => Buffer.from(frameOf(length))));
  });
});

describe("a client's messages", () => {
  it("are masked, each with a key of its own", async () => {
    await using ends = await connect(false);
    const chunks: Buffer[] = [];
    ends.serverTcp.prependListener("data", (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
    const link = new WsLink(ends.client, ends.clientTcp, false, 0);
    const messages = received(ends.server, 2);
    link.write([frameOf(20), frameOf(20)]);
    await messages;
    const bytes = Buffer.concat(chunks);
    const size = 2 + 4 + 24;
    expect(bytes.length).toBe(2 * size);
    expect([bytes[1], bytes[size + 1]]).toEqual([0x80 | 24, 0x80 | 24]);
    const keys = [bytes.subarray(2, 6), bytes.subarray(size + 2, size + 6)];
    expect(keys[0]).not.toEqual(keys[1]);
  });
});

describe.each([
  ["plain", false],
  ["compressed", true],
])("a connection that is lost while nothing is read, %s", (_, isCompressed) => {
  it("gives what had come, as it was sent", async () => {
    await using ends = await connect(isCompressed);
    const link = new WsLink(ends.server, ends.serverTcp, true, 0);
    const messages: Buffer[] = [];
    const closed = new Promise<void>((resolve) => {
      link.start({
        onData: (message) => messages.push(Buffer.from(message)),
        onDrain: () => {},
        onClose: () => resolve(),
      });
    });
    const sent = frameOf(500);
    const message = await bytesOf(ends, sent);
    const half = message.length >> 1;
    ends.clientTcp.write(message.subarray(0, half));
    const before = ends.serverTcp.bytesRead;
    while (ends.serverTcp.bytesRead < before + half) await turn();
    link.pause();
    ends.clientTcp.write(message.subarray(half));
    while (ends.serverTcp.readableLength < message.length - half) await turn();
    ends.clientTcp.resetAndDestroy();
    await closed;
    expect(messages).toEqual([Buffer.from(sent)]);
  });
});

describe("what a peer may send beside whole messages", () => {
  it("comes in order with them, in one chunk", async () => {
    await using ends = await connect(false);
    const link = new WsLink(ends.server, ends.serverTcp, true, 0);
    const [one, two, three, four] = [1, 20, 300, 4].map(frameOf) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const messages: Buffer[] = [];
    const closed = new Promise<void>((resolve) => {
      link.start({
        onData: (message) => messages.push(Buffer.from(message)),
        onDrain: () => {},
        onClose: () => resolve(),
      });
    });
    const pong = once(ends.client, "pong");
    ends.clientTcp.cork();
    ends.client.send(one);
    ends.client.ping();
    ends.client.send(two.subarray(0, 7), { fin: false });
    ends.client.send(two.subarray(7), { fin: true });
    ends.client.send(three);
    ends.clientTcp.uncork();
    await pong;
    ends.clientTcp.cork();
    ends.client.send(four);
    ends.client.close(1000);
    // A masked message behind the close: nobody may see it.
    ends.clientTcp.write(Uint8Array.of(0x82, 0x81, 0, 0, 0, 0, 9));
    ends.clientTcp.uncork();
    await closed;
    expect(messages).toEqual([one, two, three, four].map((message) => Buffer.from(message)));
  });
});
