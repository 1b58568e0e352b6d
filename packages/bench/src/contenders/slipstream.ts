import { Context, getPersistentValue, withPersistentValues } from "@slipstream/metainfo";
import { type Client, createClient } from "@slipstream/rpc";
import { createServer, type Server } from "@slipstream/rpc/server";
import type { ClientTransport, ServerTransport } from "@slipstream/stream";
import { http2, nodeHttp2 } from "@slipstream/transport-http2";
import { ttheader } from "@slipstream/transport-ttheader";
import { websocket } from "@slipstream/transport-websocket";
import { websocketServer } from "@slipstream/transport-websocket/server";
import type { BenchClient, Contender } from "../contender.ts";
import { Bench, checkMetadata, payloadFor, streamMessage } from "../messages.ts";

/** The streams of one contender at once, with room to spare. */
const maxStreams = 20_000;

/** The services of the benchmark, as a user would write them. */
export function benchServer(transport: ServerTransport): Server {
  return createServer({ transports: [transport] }).add(Bench, {
    unary: (request) => request,
    async serverStream({ count, size }, stream) {
      const payload = payloadFor(size, true);
      for (let i = 0; i < count; i++) await stream.send(streamMessage(payload, i));
    },
    async clientStream(stream) {
      let count = 0;
      for await (const _ of stream) count++;
      return { count };
    },
    async bidi(stream) {
      checkMetadata((key) => getPersistentValue(stream.context, key));
      for await (const message of stream) await stream.send(message);
    },
  });
}

/** The client of the benchmark, as a user would write it: every send awaited, `for await` to receive. */
export function benchClient(client: Client<typeof Bench>): BenchClient {
  let seq = 0;
  return {
    async unary(payload) {
      const reply = await client.unary(streamMessage(payload, seq++ & 0x7fffffff));
      return reply.payload.length;
    },
    async serverStream(count, size, onMessage) {
      for await (const message of await client.serverStream({ count, size }))
        onMessage(message.payload.length);
    },
    async clientStream(count, payload) {
      const stream = await client.clientStream();
      for (let i = 0; i < count; i++) await stream.send(streamMessage(payload, i));
      return (await stream.closeAndRecv()).count;
    },
    bidi({ metadata, onMessage, onEnd }) {
      const context = metadata
        ? withPersistentValues(Context.background, ...metadata.flat())
        : Context.background;
      let sent = 0;
      const opened = client.bidi({ context });
      void opened
        .then(async (stream) => {
          for await (const message of stream) onMessage(message.payload.length);
        })
        .then(
          () => onEnd(),
          (error: unknown) => onEnd(error ?? new Error("failed")),
        );
      return {
        send: (payload) => void opened.then((stream) => stream.send(streamMessage(payload, sent++))),
        end: () => void opened.then((stream) => stream.closeSend()),
      };
    },
  };
}

interface Transports {
  server(): ServerTransport;
  client(): ClientTransport;
  target(port: number): string;
}

function over(name: string, packages: readonly string[], transports: Transports): Contender {
  return {
    name,
    isTyped: true,
    note: `Slipstream over ${name}: typed Thrift messages, each send awaited, \`for await\` to receive`,
    packages,
    async startServer() {
      const { port } = await benchServer(transports.server()).listen({ port: 0, host: "127.0.0.1" });
      return { port };
    },
    async connect(port) {
      const client = createClient(Bench, { transport: transports.client(), target: transports.target(port) });
      await client.unary(streamMessage(new Uint8Array(1), 0));
      return benchClient(client);
    },
  };
}

export const overTtheader: Contender = over("ttheader", [], {
  server: () => ttheader({ maxStreams }),
  client: () => ttheader({ maxStreams }),
  target: (port) => `127.0.0.1:${port}`,
});

export const overHttp2: Contender = over("http2", [], {
  server: () => http2({ maxConcurrentStreams: maxStreams }),
  client: () => http2({ maxConcurrentStreams: maxStreams }),
  target: (port) => `127.0.0.1:${port}`,
});

export const overNodeHttp2: Contender = over("http2-node", [], {
  server: () => http2({ session: nodeHttp2(), maxConcurrentStreams: maxStreams }),
  client: () => http2({ session: nodeHttp2(), maxConcurrentStreams: maxStreams }),
  target: (port) => `127.0.0.1:${port}`,
});

export const overWebSocket: Contender = over("websocket", ["ws"], {
  server: () => websocketServer({ maxStreams }),
  client: () => websocket({ maxStreams }),
  target: (port) => `ws://127.0.0.1:${port}`,
});
