import { type AddressInfo, createServer } from "node:net";
import { createClient } from "@slipstream/rpc";
import { expect, it } from "vitest";
import { http2, nodeHttp2 } from "../src/index.ts";
import { turn } from "./engines.ts";
import { Echo } from "./gen/echo.ts";
import { framed } from "./raw-client.ts";
import {
  block,
  Flag,
  FrameType,
  frame,
  type RawEnd,
  rawClientEnd,
  rawServer,
  requestFields,
} from "./raw-frames.ts";

const calls = 1000;

it("what a long turn wrote leaves before the last that came with it is told", async () => {
  let end: RawEnd | undefined;
  const answersBefore: number[] = [];
  const transport = http2({ session: nodeHttp2() });
  const running = await transport.serve({
    stream(stream) {
      answersBefore.push(end?.of(FrameType.data).length ?? 0);
      void stream.send(new Uint8Array(100));
    },
    call() {},
  });
  const listener = createServer((socket) => transport.accept(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  end = await rawClientEnd(`127.0.0.1:${(listener.address() as AddressInfo).port}`);
  end.send(
    ...Array.from({ length: calls }, (_, at) =>
      frame(FrameType.headers, Flag.endHeaders, 2 * at + 1, block(requestFields("/S/m"))),
    ),
  );
  while (answersBefore.length < calls) await turn();
  expect(answersBefore[0]).toBe(0);
  expect(answersBefore[calls - 1]).toBeGreaterThan(10);
  end.socket.destroy();
  await running.close();
  await new Promise((resolve) => listener.close(resolve));
});

it("answers that came before the connection closed are told, however long their turn", async () => {
  const head = block({ ":status": "200", "content-type": "application/grpc+thrift" });
  const trailer = block({ "grpc-status": "0", "grpc-message": "" });
  const reply = framed(Echo.methods.say.response.encode({ text: "hi" }));
  const answer = (id: number): Buffer[] => [
    frame(FrameType.headers, Flag.endHeaders, id, head),
    frame(FrameType.data, 0, id, reply),
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, id, trailer),
  ];
  await using server = await rawServer((end) => {
    const asked: number[] = [];
    end.onFrame = ({ type, flags, streamId }) => {
      if (type !== FrameType.data || (flags & Flag.endStream) === 0) return;
      if (asked.push(streamId) < calls) return;
      end.send(...asked.flatMap(answer));
      end.socket.end();
    };
  });
  await using transport = http2({ session: nodeHttp2() });
  const client = createClient(Echo, { transport, target: server.target });
  const again: Promise<unknown>[] = [];
  const replies = Array.from({ length: calls }, async () => {
    const { text } = await client.say({ text: "a" });
    again.push(client.say({ text: "b" }).catch(() => {}));
    return text;
  });
  expect(await Promise.all(replies)).toEqual(Array.from({ length: calls }, () => "hi"));
  await transport.close();
  await Promise.all(again);
});
