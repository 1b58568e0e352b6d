import { createServer } from "@slipstream/rpc/server";
import { describe, expect, it } from "vitest";
import { http2 } from "../src/index.ts";
import { engines, turn, until } from "./engines.ts";
import { Echo } from "./gen/echo.ts";
import { framed } from "./raw-client.ts";
import { block, Flag, FrameType, frame, type RawEnd, rawClientEnd, requestFields } from "./raw-frames.ts";

const fields = block({ ...requestFields("/echo.Echo/Say"), "slipstream-call": "1" });
const message = framed(Echo.methods.say.request.encode({ text: "hi" }));
const reply = framed(Echo.methods.say.response.encode({ text: "hi" }));

const headers = (id: number, flags = 0): Buffer =>
  frame(FrameType.headers, Flag.endHeaders | flags, id, fields);
const data = (id: number, bytes: Uint8Array, flags = 0): Buffer => frame(FrameType.data, flags, id, bytes);

/** What is sent, each in a turn of its own. */
const ways: readonly (readonly [string, readonly Buffer[]])[] = [
  ["in one piece", [Buffer.concat([headers(1), data(1, message, Flag.endStream)])]],
  ["its header section first", [headers(1), data(1, message, Flag.endStream)]],
  [
    "its end last, by itself",
    [Buffer.concat([headers(1), data(1, message)]), data(1, Buffer.of(), Flag.endStream)],
  ],
  [
    "its message in two frames",
    [
      Buffer.concat([
        headers(1),
        data(1, message.subarray(0, 7)),
        data(1, message.subarray(7), Flag.endStream),
      ]),
    ],
  ],
  [
    "with the header section of another before its message",
    [
      Buffer.concat([
        headers(1),
        headers(3),
        data(3, message, Flag.endStream),
        data(1, message, Flag.endStream),
      ]),
    ],
  ],
];

describe.each(engines)("a single call to a server over %s", (_, engine) => {
  async function start() {
    const server = createServer({ transports: [http2({ session: engine() })] });
    let calls = 0;
    server.add(Echo, {
      say(line) {
        calls++;
        return line;
      },
      async collect() {
        return {};
      },
      async *tell() {},
      async *chat() {},
    });
    const { target } = await server.listen({ host: "127.0.0.1" });
    const raw = await rawClientEnd(target);
    return {
      server,
      raw,
      calls: () => calls,
      async [Symbol.asyncDispose]() {
        raw.socket.destroy();
        await server.close({ graceMs: 0 });
      },
    };
  }

  const isEnded = (raw: RawEnd): boolean =>
    raw.of(FrameType.headers, 1).some(({ flags }) => (flags & Flag.endStream) !== 0);
  const received = (raw: RawEnd): Buffer =>
    Buffer.concat(raw.of(FrameType.data, 1).map(({ payload }) => payload));

  it.each(ways)("is answered when it comes %s", async (_way, pieces) => {
    await using world = await start();
    const { raw } = world;
    for (const piece of pieces) {
      raw.send(piece);
      await turn();
    }
    await until(() => isEnded(raw));
    expect(received(raw)).toEqual(reply);
    expect(raw.of(FrameType.rstStream)).toEqual([]);
    await until(() => world.server.activeCalls === 0);
  });

  it("ends with an error when no message came", async () => {
    await using world = await start();
    const { raw } = world;
    raw.send(headers(1, Flag.endStream));
    await until(() => isEnded(raw));
    expect([received(raw).length, world.calls()]).toEqual([0, 0]);
  });

  it("that has two messages is answered to the first", async () => {
    await using world = await start();
    const { raw } = world;
    raw.send(headers(1), data(1, message), data(1, message, Flag.endStream));
    await until(() => isEnded(raw));
    expect(received(raw)).toEqual(reply);
    expect(world.calls()).toBe(1);
  });

  it("that breaks off in its message is refused", async () => {
    await using world = await start();
    const { raw } = world;
    raw.send(headers(1), data(1, message.subarray(0, 7), Flag.endStream));
    await until(() => isEnded(raw));
    expect([received(raw).length, world.calls()]).toEqual([0, 0]);
  });
});
