import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { Contender } from "../../contender.ts";
import { checkMetadata, headerName, payloadFor, timestamp } from "../../messages.ts";
import { Bench, type StreamMessage, StreamMessageSchema, StreamSumSchema } from "./gen/bench_pb.ts";
import { MessageQueue } from "./message-queue.ts";

// Messages of thousands of streams at once are more than Node allows a session by default.
const maxSessionMemory = 10_000;

function message(payload: Uint8Array, seq: number): StreamMessage {
  return create(StreamMessageSchema, { seq, ts: timestamp, key: "user-12345", flag: true, payload });
}

export const connect: Contender = {
  name: "connect",
  isTyped: true,
  note: "gRPC by connect-node: Protobuf messages, async iterators; without its compression of replies from 1 KiB; idle streams: 2,000",
  idleStreams: 2_000,
  packages: ["@connectrpc/connect", "@connectrpc/connect-node", "@bufbuild/protobuf"],
  async startServer() {
    const handler = connectNodeAdapter({
      acceptCompression: [],
      routes: (router) =>
        router.service(Bench, {
          unary: (request) => request,
          async *serverStream({ count, size }) {
            const payload = payloadFor(size, true);
            for (let i = 0; i < count; i++) yield message(payload, i);
          },
          async clientStream(requests) {
            let count = 0;
            for await (const _ of requests) count++;
            return create(StreamSumSchema, { count });
          },
          async *bidi(requests, call) {
            checkMetadata((key) => call.requestHeader.get(headerName(key)) ?? undefined);
            for await (const request of requests) yield request;
          },
        }),
    });
    const server = createServer({ maxSessionMemory }, handler);
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
    return { port: (server.address() as AddressInfo).port };
  },
  async connect(port) {
    const baseUrl = `http://127.0.0.1:${port}`;
    const sessionManager = new Http2SessionManager(baseUrl, undefined, { maxSessionMemory });
    const client = createClient(
      Bench,
      createGrpcTransport({ baseUrl, acceptCompression: [], sessionManager }),
    );
    let seq = 0;
    return {
      unary: async (payload) => (await client.unary(message(payload, seq++ & 0x7fffffff))).payload.length,
      async serverStream(count, size, onMessage) {
        for await (const { payload } of client.serverStream({ count, size })) onMessage(payload.length);
      },
      async clientStream(count, payload) {
        async function* messages(): AsyncGenerator<StreamMessage> {
          for (let i = 0; i < count; i++) yield message(payload, i);
        }
        return (await client.clientStream(messages())).count;
      },
      bidi({ metadata, onMessage, onEnd }) {
        const requests = new MessageQueue<StreamMessage>();
        const headers = metadata?.map(([key, value]): [string, string] => [headerName(key), value]);
        void (async () => {
          for await (const { payload } of client.bidi(requests, headers && { headers }))
            onMessage(payload.length);
        })().then(
          () => onEnd(),
          (error: unknown) => onEnd(error ?? new Error("failed")),
        );
        let sent = 0;
        return {
          send: (payload) => requests.push(message(payload, sent++)),
          end: () => requests.end(),
        };
      },
    };
  },
};
