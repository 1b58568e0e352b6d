import { Context, getPersistentValue, withPersistentValues } from "@slipstream/metainfo";
import type { Client } from "@slipstream/rpc";
import { createServer, type Server } from "@slipstream/rpc/server";
import type { Middleware, ServerTransport, Tracer } from "@slipstream/stream";
import type { BenchClient } from "../contender.ts";
import { Bench, checkMetadata, type Pairs, payloadFor, streamMessage } from "../messages.ts";

/** What both sides have that a contender may have otherwise. */
export interface Setup {
  readonly service?: typeof Bench;
  /** Whether handlers' contexts are ambient, which none of the others has. @defaultValue false */
  readonly ambientContext?: boolean;
  readonly middleware?: readonly Middleware[];
  readonly tracers?: readonly Tracer[];
}

/** The services of the benchmark, as a user would write them. */
export function benchServer(
  transport: ServerTransport,
  { service = Bench, ambientContext = false, middleware = [], tracers = [] }: Setup = {},
): Server {
  return createServer({ transports: [transport], ambientContext, middleware, tracers }).add(service, {
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
        ? withPersistentValues(Context.background, ...flat(metadata))
        : Context.background;
      const opened = client.bidi({ context });
      void opened
        .then(async (stream) => {
          for await (const message of stream) onMessage(message.payload.length);
        })
        .then(
          () => onEnd(),
          (error: unknown) => onEnd(error ?? new Error("failed")),
        );
      return new Sending(opened);
    },
  };
}

const flats = new WeakMap<Pairs, readonly string[]>();

/** Keys and values as `withPersistentValues` takes them. A user has them at hand, so it is no part of a call to put them in this form. */
function flat(pairs: Pairs): readonly string[] {
  let known = flats.get(pairs);
  if (known === undefined) {
    known = pairs.flat();
    flats.set(pairs, known);
  }
  return known;
}

type BidiStream = Awaited<ReturnType<Client<typeof Bench>["bidi"]>>;

/** What a duplex case sends by. A class: `tsx` gives every function of an object literal its name anew, which cost more than opening the stream. */
class Sending {
  readonly #opened: Promise<BidiStream>;
  #stream: BidiStream | undefined;
  #sent = 0;

  constructor(opened: Promise<BidiStream>) {
    this.#opened = opened;
    void opened.then(
      (stream) => {
        this.#stream = stream;
      },
      () => {}, // told to `onEnd`
    );
  }

  send(payload: Uint8Array): void {
    if (this.#stream !== undefined) void this.#stream.send(streamMessage(payload, this.#sent++));
    else void this.#opened.then((stream) => stream.send(streamMessage(payload, this.#sent++)));
  }

  end(): void {
    void this.#opened.then((stream) => stream.closeSend());
  }
}
