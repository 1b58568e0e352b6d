import { type AddressInfo, connect, createServer } from "node:net";
import type { Contender } from "../../contender.ts";
import { checkMetadata, type Pairs, payloadFor, streamMessage } from "../../messages.ts";
import { CeilingConnection, CeilingStream, MethodFrames } from "./connection.ts";

const methods = new Map(
  ["ServerStream", "ClientStream", "Bidi"].map((name) => [name, new MethodFrames(name)]),
);

const handlers: Readonly<Record<string, (stream: CeilingStream) => Promise<void>>> = {
  async ServerStream(stream) {
    const { value: request } = await stream.next();
    const payload = payloadFor(Number(request.ts), true);
    for (let i = 0; i < request.seq; i++) await stream.send(streamMessage(payload, i));
  },
  async ClientStream(stream) {
    let count = 0;
    for await (const _ of stream) count++;
    await stream.send(streamMessage(Buffer.alloc(0), count));
  },
  async Bidi(stream) {
    for await (const message of stream) await stream.send(message);
  },
};

/**
 * What a transport of this kind can reach at most in JavaScript: frames as Kitex lays them out, typed messages, awaited
 * sends and `for await`, and nothing else. No deadlines, errors, flow control, pools or middleware.
 */
export const ceiling: Contender = {
  name: "ceiling",
  isTyped: true,
  note: "a hand-written loop over `node:net` with the same frames, messages and awaiting API, and nothing else",
  packages: [],
  async startServer() {
    const server = createServer({ noDelay: true }, (socket) => {
      const connection = new CeilingConnection(socket, true);
      connection.onOpen = (id, method, strings) => {
        checkMetadata((key) => strings.get(`RPC_PERSIST_${key}`));
        const stream = new CeilingStream(connection, id, methods.get(method) as MethodFrames);
        connection.streams[id] = stream;
        stream.header();
        void handlers[method]?.(stream).then(() => {
          connection.streams[id] = undefined;
          stream.trailer();
        });
      };
      connection.onCall = (id, message) =>
        void Promise.resolve(message).then((reply) => connection.call(id, reply, true));
    });
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
    return { port: (server.address() as AddressInfo).port };
  },
  async connect(port) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise((resolve) => socket.once("connect", resolve));
    const connection = new CeilingConnection(socket, false);
    const waiting: (((length: number) => void) | undefined)[] = [];
    let lastId = 0;
    let seq = 0;
    connection.onCall = (id, message) => {
      waiting[id]?.(message.payload.length);
      waiting[id] = undefined;
    };
    const open = (method: string, metadata?: Pairs): CeilingStream => {
      const id = ++lastId;
      const frames = methods.get(method) as MethodFrames;
      const stream = new CeilingStream(connection, id, frames);
      connection.streams[id] = stream;
      if (metadata)
        connection.open(
          frames.header,
          id,
          metadata.map(([key, value]) => [`RPC_PERSIST_${key}`, value] as const),
        );
      else stream.header();
      return stream;
    };
    return {
      unary: (payload) =>
        new Promise((resolve) => {
          const id = ++lastId;
          waiting[id] = resolve;
          connection.call(id, streamMessage(payload, seq++), false);
        }),
      async serverStream(count, size, onMessage) {
        const stream = open("ServerStream");
        await stream.send({ seq: count, ts: BigInt(size), key: "", flag: false, payload: Buffer.alloc(0) });
        stream.trailer();
        for await (const message of stream) onMessage(message.payload.length);
      },
      async clientStream(count, payload) {
        const stream = open("ClientStream");
        for (let i = 0; i < count; i++) await stream.send(streamMessage(payload, i));
        stream.trailer();
        const { value } = await stream.next();
        return value.seq;
      },
      bidi({ metadata, onMessage, onEnd }) {
        const stream = open("Bidi", metadata);
        let sent = 0;
        void (async () => {
          for await (const message of stream) onMessage(message.payload.length);
        })().then(() => onEnd(), onEnd);
        return {
          send: (payload) => void stream.send(streamMessage(payload, sent++)),
          end: () => stream.trailer(),
        };
      },
    };
  },
};
