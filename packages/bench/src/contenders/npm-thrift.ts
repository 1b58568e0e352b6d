import type { AddressInfo, Server } from "node:net";
import thrift from "thrift";
import { compileThrift, noCompiler } from "../apache-compiler.ts";
import type { AbsentContender, Contender } from "../contender.ts";
import { streamMessage } from "../messages.ts";

interface Connection {
  once(event: "connect" | "error", listener: (error?: Error) => void): this;
}

interface BenchClass {
  Unary(request: unknown): Promise<{ readonly payload: Uint8Array }>;
}

const { TBinaryProtocol, TFramedTransport, createServer, createConnection, createClient } = thrift as {
  TBinaryProtocol: unknown;
  TFramedTransport: unknown;
  createServer(service: unknown, handlers: object, options: object): Server;
  createConnection(host: string, port: number, options: object): Connection;
  createClient(service: unknown, connection: Connection): BenchClass;
};

const idl = `
  struct StreamMessage { 1: i32 seq, 2: i64 ts, 3: string key, 4: bool flag, 5: binary payload }
  service Bench { StreamMessage Unary(1: StreamMessage request) }`;

const options = { transport: TFramedTransport, protocol: TBinaryProtocol };

/** Ping-pong is all that npm thrift can do. */
export function npmThrift(): Contender | AbsentContender {
  const generated = compileThrift(idl);
  if (!generated) return { name: "thrift", absent: noCompiler };
  const service = generated("Bench");
  const StreamMessage = generated("bench_types")["StreamMessage"] as new (fields: object) => unknown;
  return {
    name: "thrift",
    isTyped: true,
    note: "npm thrift: the Apache compiler's code, framed binary protocol, promises; ping-pong only",
    packages: ["thrift"],
    async startServer() {
      type Reply = (error: null, message: unknown) => void;
      const handlers = { Unary: (request: unknown, reply: Reply) => reply(null, request) };
      const server = createServer(service, handlers, options);
      await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
      return { port: (server.address() as AddressInfo).port };
    },
    async connect(port) {
      const connection = createConnection("127.0.0.1", port, options);
      await new Promise<void>((resolve, reject) =>
        connection.once("connect", () => resolve()).once("error", reject),
      );
      const client = createClient(service, connection);
      let seq = 0;
      return {
        async unary(payload) {
          const fields = streamMessage(payload, seq++ & 0x7fffffff);
          // Its i64 is a number or an Int64 of its own.
          const reply = await client.Unary(new StreamMessage({ ...fields, ts: Number(fields.ts) }));
          return reply.payload.length;
        },
      };
    },
  };
}
