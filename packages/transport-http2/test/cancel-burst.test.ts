import { createClient } from "@slipstream/rpc";
import { createServer } from "@slipstream/rpc/server";
import { describe, expect, it } from "vitest";
import { http2 } from "../src/index.ts";
import { echoHandlers } from "./echo-handlers.ts";
import { engines, failureOf } from "./engines.ts";
import { Echo } from "./gen/echo.ts";

describe.each(engines)("a client that cancels 1,500 streams at once, over %s", (name, engine) => {
  it(`${name === "node:http2" ? "loses its connection" : "keeps its connection"}, and calls go on`, async () => {
    await using server = createServer({ transports: [http2({ session: engine() })] }).add(Echo, echoHandlers);
    const { target } = await server.listen({ host: "127.0.0.1" });
    await using transport = http2({ session: engine() });
    const client = createClient(Echo, { transport, target });
    let cancelled = 0;
    const cancelling = (async () => {
      for (; cancelled < 1_500; cancelled++) {
        const stream = await client.chat();
        await stream.send({ text: "hi" });
        await stream.recv();
        stream.cancel();
      }
    })();
    if (name === "node:http2") {
      // Its HTTP/2 takes a thousand resets at once, and 33 a second.
      expect((await failureOf(cancelling)).code).toBe("unavailable");
      expect(cancelled).toBeGreaterThan(1_000);
    } else {
      await cancelling;
    }
    expect(await client.say({ text: "again" })).toEqual({ text: "again" });
  });
});
