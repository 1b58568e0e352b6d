import { createServer } from "@slipstream/rpc/server";
import { neverEnded, noFields, parseAddress } from "@slipstream/stream";
import { expect, it } from "vitest";
import { http2 } from "../src/index.ts";
import { echoHandlers } from "./echo-handlers.ts";
import { engines, turn } from "./engines.ts";
import { Echo } from "./gen/echo.ts";

it.each(engines)(
  "over %s gives the memory of messages back, small or large, once they have left",
  async (_, engine) => {
    const server = createServer({ transports: [http2({ session: engine() })] }).add(Echo, echoHandlers);
    const { target } = await server.listen({ host: "127.0.0.1" });
    await using transport = http2({ session: engine() });
    const address = parseAddress(target);
    const names = { service: "Echo", method: "Chat", contentSubtype: "thrift", metadata: noFields };
    const stream = await transport.open(
      { ...names, persistent: new Map(), transient: new Map(), ended: neverEnded, address },
      {},
    );
    const codec = Echo.methods.chat.request;
    let released = 0;
    for (const length of [1, 5_000, 70_000]) {
      const line = { text: "x".repeat(length), n: length };
      void stream.send(Uint8Array.from(codec.encode(line)), (message) => {
        released++;
        message.fill(0);
      });
      expect(codec.decode((await stream.recv()) ?? new Uint8Array())).toEqual(line);
    }
    await turn();
    expect(released).toBe(3);
    stream.closeSend();
    expect(await stream.recv()).toBeUndefined();
    await server.close();
  },
);
