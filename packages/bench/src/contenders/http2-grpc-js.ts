import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { createClient } from "@slipstream/rpc";
import { grpcJs, grpcJsServer } from "@slipstream/transport-http2/grpc-js";
import type { Contender } from "../contender.ts";
import { Bench, streamMessage } from "../messages.ts";
import { channelOptions } from "./grpc-js.ts";
import { benchClient, benchServer } from "./service.ts";

/** Our gRPC on the clients and servers of grpc-js: what it costs beside grpc-js itself. */
export const overGrpcJs: Contender = {
  name: "http2-grpc-js",
  isTyped: true,
  note: "Slipstream over `@grpc/grpc-js`: typed Thrift messages, each send awaited, `for await` to receive",
  packages: ["@grpc/grpc-js"],
  async startServer() {
    const server = new Server(channelOptions);
    await benchServer(grpcJsServer(server, [Bench])).listen();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    return { port };
  },
  async connect(port) {
    const channel = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), channelOptions);
    const client = createClient(Bench, { transport: grpcJs(channel) });
    await client.unary(streamMessage(new Uint8Array(1), 0));
    return benchClient(client);
  },
};
