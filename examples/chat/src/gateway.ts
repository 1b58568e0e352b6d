import { withPersistentValue, withValue } from "@slipstream/metainfo";
import type { Client } from "@slipstream/rpc";
import { createServer, type Server } from "@slipstream/rpc/server";
import { ttheader } from "@slipstream/transport-ttheader";
import { websocketServer } from "@slipstream/transport-websocket/server";
import { arrival } from "./arrival.ts";
import { Chat } from "./gen/chat.ts";
import type { Pages } from "./pages.ts";
import type { Done } from "./seen.ts";

/**
 * Serves the page and its calls on one port, and passes conversations on to the backend. Services inside may call it over
 * TTHeader, on the same port.
 */
export function createGateway(backend: Client<typeof Chat>, pages: Pages): Server {
  const transports = [ttheader(), websocketServer({ path: "/rpc", onRequest: pages.serve })];
  return createServer({ transports, name: "gateway" }).add(Chat, {
    async talk(stream) {
      const startedMs = performance.now();
      const saw = arrival(stream);
      // The page's persistent values, its deadline and its cancel go on by themselves; only what is added stands here.
      const context = withValue(withPersistentValue(stream.context, "tenant", "acme"), "route", "primary");
      const next = await backend.talk({ context });
      const header = await next.header();
      const nextHeaderMs = performance.now() - startedMs;
      await stream.sendHeader({ ...header.toRecord(), gateway: JSON.stringify(saw) });

      let pieces = 0;
      // Both directions at once, each as fast as its slower side.
      await Promise.all([
        (async () => {
          for await (const said of stream) await next.send(said);
          await next.closeSend();
        })(),
        (async () => {
          for await (const piece of next) {
            await stream.send(piece);
            pieces++;
          }
        })(),
      ]);
      const done: Done = { pieces, tookMs: performance.now() - startedMs, nextHeaderMs };
      stream.setTrailer({ ...(await next.trailer()).toRecord(), gateway: JSON.stringify(done) });
    },
  });
}
