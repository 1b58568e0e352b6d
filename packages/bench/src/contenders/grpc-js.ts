import grpc from "@grpc/grpc-js";
import type { Contender } from "../contender.ts";
import { checkMetadata, headerName, payloadFor } from "../messages.ts";

// Identity serializers: the baseline is gRPC itself, without anybody's codec.
const identity = (bytes: Buffer): Buffer => bytes;

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path: `/Bench/${name}`,
    requestStream,
    responseStream,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}

const service = {
  unary: method("Unary", false, false),
  serverStream: method("ServerStream", false, true),
  clientStream: method("ClientStream", true, false),
  bidi: method("Bidi", true, true),
};

export const channelOptions: grpc.ChannelOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.use_local_subchannel_pool": 1,
};

export const grpcJs: Contender = {
  name: "grpc-js",
  isTyped: false,
  note: "callbacks and events, bytes as messages; message limits lifted",
  packages: ["@grpc/grpc-js"],
  async startServer() {
    const server = new grpc.Server(channelOptions);
    server.addService(service, {
      unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
        done(null, call.request);
      },
      serverStream(call: grpc.ServerWritableStream<Buffer, Buffer>) {
        const count = call.request.readUInt32BE(0);
        const payload = Buffer.from(payloadFor(call.request.readUInt32BE(4), false));
        let sent = 0;
        const pump = (): void => {
          while (sent < count) {
            sent++;
            if (!call.write(payload)) {
              call.once("drain", pump);
              return;
            }
          }
          call.end();
        };
        pump();
      },
      clientStream(call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
        let count = 0;
        call.on("data", () => count++);
        call.on("end", () => {
          const reply = Buffer.alloc(4);
          reply.writeUInt32BE(count);
          done(null, reply);
        });
      },
      bidi(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
        checkMetadata((key) => call.metadata.get(headerName(key))[0] as string | undefined);
        call.on("data", (message: Buffer) => call.write(message));
        call.on("end", () => call.end());
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    return { port };
  },
  async connect(port) {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), channelOptions);
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + 5_000, (error) => (error ? reject(error) : resolve())),
    );
    const { unary, serverStream, clientStream, bidi } = service;
    return {
      unary: (payload) =>
        new Promise((resolve, reject) =>
          client.makeUnaryRequest(unary.path, identity, identity, payload as Buffer, (error, reply) =>
            error ? reject(error) : resolve(reply?.length ?? 0),
          ),
        ),
      serverStream: (count, size, onMessage) =>
        new Promise((resolve, reject) => {
          const request = Buffer.alloc(8);
          request.writeUInt32BE(count, 0);
          request.writeUInt32BE(size, 4);
          const call = client.makeServerStreamRequest(serverStream.path, identity, identity, request);
          call.on("data", (message: Buffer) => onMessage(message.length));
          call.on("error", reject);
          call.on("end", resolve);
        }),
      clientStream: (count, payload) =>
        new Promise((resolve, reject) => {
          const call = client.makeClientStreamRequest(
            clientStream.path,
            identity,
            identity,
            (error, reply) => (error ? reject(error) : resolve(reply?.readUInt32BE(0) ?? 0)),
          );
          let sent = 0;
          const pump = (): void => {
            while (sent < count) {
              sent++;
              if (!call.write(payload as Buffer)) {
                call.once("drain", pump);
                return;
              }
            }
            call.end();
          };
          pump();
        }),
      bidi({ metadata, onMessage, onEnd }) {
        const headers = new grpc.Metadata();
        for (const [key, value] of metadata ?? []) headers.set(headerName(key), value);
        const call = client.makeBidiStreamRequest(bidi.path, identity, identity, headers);
        call.on("data", (message: Buffer) => onMessage(message.length));
        call.on("error", onEnd);
        call.on("end", () => onEnd());
        return { send: (payload) => void call.write(payload as Buffer), end: () => call.end() };
      },
    };
  },
};
