import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { Blob, Talk, testTransport } from "@slipstream/conformance";
import {
  type Address,
  type CallStart,
  type ClientTransport,
  type OpenOptions,
  parseAddress,
  type ServerTransport,
} from "@slipstream/stream";
import { grpcJs, grpcJsServer } from "../grpc-js.ts";
import type { GrpcJsOptions } from "./options.ts";

const channelOptions = { "grpc.max_receive_message_length": -1 };

/** A server transport with a grpc-js server of its own, on a free port. */
function onOwnServer(options: GrpcJsOptions): ServerTransport {
  return {
    name: "grpc-js",
    async serve(handler) {
      const server = new Server({ "grpc.max_receive_message_length": -1 });
      const running = await grpcJsServer(server, [Talk, Blob], options).serve(handler);
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
          error ? reject(error) : resolve(bound),
        );
      });
      // Clients share its connection: with grpc-js, making the first one may take longer than the deadline of a case.
      const warm = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), channelOptions);
      await new Promise((resolve) => warm.waitForReady(Date.now() + 5_000, resolve));
      return {
        addresses: [parseAddress(`127.0.0.1:${port}`)],
        drain: () => running.drain(),
        async close() {
          warm.close();
          await running.close();
          await new Promise((resolve) => {
            const timer = setTimeout(resolve, 500);
            server.tryShutdown(() => {
              clearTimeout(timer);
              resolve(undefined);
            });
          });
          server.forceShutdown();
        },
      };
    },
  };
}

/** A client transport with a grpc-js client for each address that it meets. */
function onOwnClients(options: GrpcJsOptions): ClientTransport {
  const clients: Client[] = [];
  const transports = new Map<string, ClientTransport>();
  let isClosed = false;
  const to = ({ key }: Address): ClientTransport => {
    let transport = transports.get(key);
    if (transport === undefined) {
      const client = new Client(key, credentials.createInsecure(), channelOptions);
      clients.push(client);
      transport = grpcJs(client, options);
      transports.set(key, transport);
      if (isClosed) void transport.close();
    }
    return transport;
  };
  const close = async (): Promise<void> => {
    isClosed = true;
    await Promise.all([...transports.values()].map((transport) => transport.close()));
    for (const client of clients) client.close();
  };
  return {
    name: "grpc-js",
    schemes: ["tcp"],
    open: (start: CallStart, open: OpenOptions) => to(start.address).open(start, open),
    call: async (start, request, call) => to(start.address).call?.(start, request, call),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const resetSaysNothing =
  "a RST_STREAM says only CANCEL, so a handler does not learn that it was for a time-out";

testTransport({
  name: "the grpc-js engine",
  exceptions: {
    "cancels the stream on both sides when a recv takes longer than recvTimeoutMs": resetSaysNothing,
    "observes the same as over memory: a recv that takes too long, with and without cancelling the remote":
      resetSaysNothing,
    "observes the same as over memory: unknown methods and services, and methods called as another kind":
      "grpc-js answers paths that it does not know by itself, with a text of its own",
  },
  unsteady: {
    "lets calls in flight finish when the server shuts down, and takes no new ones":
      "the grpc-js server is the program's: services on it can refuse calls with a status only, which is an answer and not retryable, and the case leaves a call behind when it fails",
    "lets 99 streams go on while one is never read, its memory bounded":
      "grpc-js needs most of a minute for it: it has a window of 64 KiB towards a server, and writes a message at a time",
  },
  create({ maxMessageBytes, streamWindowBytes, maxSendBufferBytes }) {
    const options = {
      ...(maxMessageBytes === undefined ? undefined : { maxMessageBytes }),
      ...(streamWindowBytes === undefined ? undefined : { streamWindowBytes }),
      ...(maxSendBufferBytes === undefined ? undefined : { maxSendBufferBytes }),
    };
    return { server: onOwnServer(options), client: onOwnClients(options) };
  },
});
