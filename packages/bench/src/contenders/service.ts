import { Context, getPersistentValue, withPersistentValues } from "@slipstream/metainfo";
import type { Client } from "@slipstream/rpc";
import { createServer, type Server } from "@slipstream/rpc/server";
import type { Middleware, ServerTransport, Tracer } from "@slipstream/stream";
import type { BenchClient } from "../contender.ts";
import { Bench, checkMetadata, payloadFor, streamMessage } from "../messages.ts";

/** What is installed around every call, on both sides. */
export interface Around {
  readonly middleware?: readonly Middleware[];
  readonly tracers?: readonly Tracer[];
}

/** The services of the benchmark, as a user would write them. */
export function benchServer(transport: ServerTransport, around: Around = {}): Server {
  return createServer({ transports: [transport], ...around }).add(Bench, {
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
