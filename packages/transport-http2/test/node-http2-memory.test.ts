import { type AddressInfo, createServer } from "node:net";
import type { ServerByteStream } from "@slipstream/stream";
import { expect, it } from "vitest";
import { http2, nodeHttp2 } from "../src/index.ts";
import { turn, until } from "./engines.ts";
import {
  block,
  Flag,
  FrameType,
  frame,
  type RawEnd,
  rawClientEnd,
  requestFields,
  uint32,
} from "./raw-frames.ts";

const initialWindowSize = 4;
const pieceBytes = 2_800;

/** A server by its transport alone, and a client that opened `count` streams with windows of `windowBytes`. */
async function open(count: number, windowBytes: number) {
  const streams: ServerByteStream[] = [];
  const transport = http2({ session: nodeHttp2() });
  const running = await transport.serve({ stream: (stream) => void streams.push(stream), call() {} });
  const listener = createServer((socket) => transport.accept(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const end = await rawClientEnd(`127.0.0.1:${(listener.address() as AddressInfo).port}`);
  const window = Buffer.concat([Buffer.of(0, initialWindowSize), uint32(windowBytes)]);
  end.send(
    frame(FrameType.settings, 0, 0, window),
    frame(FrameType.windowUpdate, 0, 0, uint32(2 ** 30)),
    ...Array.from({ length: count }, (_, at) =>
      frame(FrameType.headers, Flag.endHeaders, 2 * at + 1, block(requestFields("/S/m"))),
    ),
  );
  await until(() => streams.length === count);
  for (const stream of streams) await stream.send(Uint8Array.of(0));
  await until(() => end.of(FrameType.data).length === count);
  return {
    end,
    streams,
    close: () => running.close(),
    async [Symbol.asyncDispose]() {
      end.socket.destroy();
      await running.close();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Small messages in one turn, all of `byte`, more than a window of 40,000 bytes lets out. */
function sendMany(stream: ServerByteStream, byte: number): void {
  for (let n = 0; n < 22; n++) void stream.send(new Uint8Array(pieceBytes).fill(byte));
}

function has(end: RawEnd, byte: number): boolean {
  return end.of(FrameType.data).some(({ payload }) => payload.includes(Buffer.alloc(64, byte)));
}

it("a connection that closes while its socket still writes sends nothing of what others write then", async () => {
  await using slow = await open(400, 40_000);
  await using other = await open(1, 2 ** 30);
  slow.end.socket.pause();
  for (const stream of slow.streams) sendMany(stream, 0x11);
  // Until Node has cut what the windows let out, far more than a socket takes.
  for (let n = 0; n < 10; n++) await turn();
  const closed = slow.close();
  const stream = other.streams[0] as ServerByteStream;
  let isOver = false;
  void closed.then(() => (isOver = true));
  for (let sent = 0; sent < 40; sent++) {
    const before = other.end.of(FrameType.data).length;
    sendMany(stream, 0x22);
    await until(() => other.end.of(FrameType.data).length > before);
  }
  slow.end.socket.resume();
  await until(() => isOver);
  expect(has(slow.end, 0x11)).toBe(true);
  expect(has(slow.end, 0x22)).toBe(false);
});
