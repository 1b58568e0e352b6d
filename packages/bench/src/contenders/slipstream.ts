import { createClient } from "@slipstream/rpc";
import type { ClientTransport, ServerTransport } from "@slipstream/stream";
import { http2, nodeHttp2 } from "@slipstream/transport-http2";
import { ttheader } from "@slipstream/transport-ttheader";
import { websocket } from "@slipstream/transport-websocket";
import { websocketServer } from "@slipstream/transport-websocket/server";
import type { Contender } from "../contender.ts";
import { Bench, CopyingBench, streamMessage } from "../messages.ts";
import { benchClient, benchServer, type Setup } from "./service.ts";

/** The streams of one contender at once, with room to spare. */
const maxStreams = 25_000;

interface Transports {
  readonly scheme?: string;
  readonly packages?: readonly string[];
  server(): ServerTransport;
  client(): ClientTransport;
}

function over(name: string, note: string, transports: Transports, setup: Setup = {}): Contender {
  const { service = Bench, middleware = [], tracers = [] } = setup;
  return {
    name,
    isTyped: true,
    note: `Slipstream over ${note}: typed Thrift messages, each send awaited, \`for await\` to receive`,
    packages: transports.packages ?? [],
    async startServer() {
      const server = benchServer(transports.server(), setup);
      const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
      return { port };
    },
    async connect(port) {
      const target = `${transports.scheme ?? ""}127.0.0.1:${port}`;
      const client = createClient(service, { transport: transports.client(), target, middleware, tracers });
      await client.unary(streamMessage(new Uint8Array(1), 0));
      return benchClient(client);
    },
  };
}

const ttheaders: Transports = {
  server: () => ttheader({ maxStreams }),
  client: () => ttheader({ maxStreams }),
};

export const overTtheader: Contender = over("ttheader", "TTHeader", ttheaders);

/** As users have it unless they ask: what is kept of a message keeps nothing else alive, and calls of handlers continue their contexts. */
const byDefault: Setup = { service: CopyingBench, ambientContext: true };
const withDefaults = "with all options as they are by default: payloads are copied, contexts ambient";

export const overTtheaderByDefault: Contender = over(
  "ttheader-default",
  `TTHeader ${withDefaults}`,
  ttheaders,
  byDefault,
);

/** A middleware of all parts that does nothing but pass on. */
export const overTtheaderWithMiddleware: Contender = over(
  "ttheader+middleware",
  "TTHeader with a middleware that passes everything on",
  ttheaders,
  {
    middleware: [
      {
        call: (next) => (info, request) => next(info, request),
        send: (next) => (info, message) => next(info, message),
        recv: (next) => (info) => next(info),
      },
    ],
  },
);

/** A tracer that hears of every event and does nothing. */
export const overTtheaderWithTracer: Contender = over(
  "ttheader+tracer",
  "TTHeader with a tracer that hears of every message",
  ttheaders,
  { tracers: [{ start: () => ({ event() {}, finish() {} }) }] },
);

const http2s: Transports = {
  server: () => http2({ maxConcurrentStreams: maxStreams }),
  client: () => http2({ maxConcurrentStreams: maxStreams }),
};

export const overHttp2: Contender = over("http2", "HTTP/2 by its own sessions", http2s);

export const overHttp2ByDefault: Contender = over(
  "http2-default",
  `HTTP/2 by its own sessions ${withDefaults}`,
  http2s,
  byDefault,
);

export const overNodeHttp2: Contender = over("http2-node", "HTTP/2 by `node:http2`", {
  server: () => http2({ session: nodeHttp2(), maxConcurrentStreams: maxStreams }),
  client: () => http2({ session: nodeHttp2(), maxConcurrentStreams: maxStreams }),
});

export const overWebSocket: Contender = over("websocket", "WebSocket", {
  scheme: "ws://",
  packages: ["ws"],
  server: () => websocketServer({ maxStreams }),
  client: () => websocket({ maxStreams }),
});
