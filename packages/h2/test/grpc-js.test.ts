import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  status,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fields, RESPONSE, RecordedStream as Recorded, type RecordedStream } from "./handlers.ts";
import { certificate, closed, connect, type Listening, listen, type TlsFiles } from "./tools.ts";

const identity = (bytes: Buffer): Buffer => bytes;
const METHOD = "/test.Test/Echo";
const SIZES = [0, 1, 100, 16_384, 70_000, 1_000_000];

/** A gRPC message with its prefix. */
function message(size: number): Buffer {
  const bytes = Buffer.alloc(size + 5, "m");
  bytes[0] = 0;
  bytes.writeUInt32BE(size, 1);
  return bytes;
}

/** The sizes of the gRPC messages in the data of a stream. */
function sizesIn(stream: RecordedStream): number[] {
  const data = Buffer.concat(stream.chunks);
  const sizes: number[] = [];
  for (let at = 0; at < data.length; at += sizes.at(-1) as number, at += 5)
    sizes.push(data.readUInt32BE(at + 1));
  return sizes;
}

describe.each([false, true])("@grpc/grpc-js, with TLS: %s", (isTls) => {
  let files: TlsFiles | undefined;

  beforeAll(async () => {
    if (isTls) files = await certificate();
  });

  describe("as the client of our server", () => {
    let server: Listening;
    let client: Client;

    beforeAll(async () => {
      server = await listen(
        (recorded, request) => {
          const { stream } = recorded;
          const extra = request.filter(({ name }) => name.startsWith("x-"));
          stream.respond([...RESPONSE, ...fields(["content-type", "application/grpc"])], extra);
          recorded.whenData = (bytes) => stream.write(bytes);
          recorded.whenEnded = () => stream.end(fields(["grpc-status", "0"]), extra);
        },
        {},
        files,
      );
      const secure = files && credentials.createSsl(Buffer.from(files.cert));
      client = new Client(`127.0.0.1:${server.port}`, secure ?? credentials.createInsecure(), {
        "grpc.ssl_target_name_override": "localhost",
        "grpc.max_receive_message_length": -1,
      });
    });
    afterAll(async () => {
      client.close();
      await server.close();
    });

    it("makes unary calls of every size, many at once, with metadata both ways", async () => {
      const call = (size: number, i: number): Promise<[number, string, string]> =>
        new Promise((resolve, reject) => {
          const metadata = new Metadata();
          metadata.set("x-constant", "c");
          metadata.set("x-changing", `v${i}`);
          let header = "";
          let length = -1;
          const request = client.makeUnaryRequest(
            METHOD,
            identity,
            identity,
            Buffer.alloc(size, "m"),
            metadata,
            (error, reply) => {
              if (error) reject(error);
              else length = reply?.length ?? -1;
            },
          );
          request.on("metadata", (md) => (header = String(md.get("x-changing")[0])));
          request.on("status", ({ metadata }) =>
            resolve([length, header, String(metadata.get("x-changing")[0])]),
          );
        });
      const sizes = Array.from({ length: 200 }, (_, i) => SIZES[i % SIZES.length] as number);
      const replies = await Promise.all(sizes.map(call));
      expect(replies).toEqual(sizes.map((size, i) => [size, `v${i}`, `v${i}`]));
    }, 30_000);

    it("streams both ways, more than the windows hold", async () => {
      const stream = client.makeBidiStreamRequest(METHOD, identity, identity, new Metadata());
      const sizes = Array.from({ length: 300 }, (_, i) => (i * 977) % 40_000);
      const received: number[] = [];
      for (const size of sizes) stream.write(Buffer.alloc(size));
      stream.end();
      await new Promise((resolve, reject) => {
        stream
          .on("data", (bytes: Buffer) => received.push(bytes.length))
          .on("end", resolve)
          .on("error", reject);
      });
      expect(received).toEqual(sizes);
    }, 30_000);

    it("cancels", async () => {
      const before = server.recorded[0]?.streams.length ?? 0;
      const stream = client.makeBidiStreamRequest(METHOD, identity, identity, new Metadata());
      stream.write(Buffer.alloc(10));
      await new Promise((resolve) => {
        stream.once("data", resolve);
      });
      const served = server.recorded[0]?.streams[before] as RecordedStream;
      const gone = closed(served);
      stream.on("error", () => {});
      stream.cancel();
      await gone;
      // It sends END_STREAM first, which our handler answers with the status.
      expect(served.isClosed).toBe(true);
    });
  });

  describe("as the server of our client", () => {
    let server: Server;
    let port: number;

    beforeAll(async () => {
      server = new Server({ "grpc.max_receive_message_length": -1 });
      const definition = {
        path: METHOD,
        requestStream: true,
        responseStream: true,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      };
      server.addService(
        { Echo: definition },
        {
          Echo(call: ServerDuplexStream<Buffer, Buffer>) {
            const trailer = new Metadata();
            trailer.set("x-trailer", "done");
            call.sendMetadata(call.metadata);
            call.on("data", (bytes: Buffer) => {
              if (!call.write(bytes)) {
                call.pause();
                call.once("drain", () => call.resume());
              }
            });
            call.on("end", () => call.end(trailer));
          },
        },
      );
      const secure =
        files &&
        ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(files.key), cert_chain: Buffer.from(files.cert) },
        ]);
      port = await new Promise((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", secure ?? ServerCredentials.createInsecure(), (error, bound) => {
          if (error) reject(error);
          else resolve(bound);
        });
      });
    });
    afterAll(() => server.forceShutdown());

    it("answers calls of every size, many at once, with metadata both ways", async () => {
      const { session, recorded } = await connect(port, {}, files);
      const shared = fields(
        [":method", "POST"],
        [":scheme", isTls ? "https" : "http"],
        [":path", METHOD],
        [":authority", "localhost"],
        ["te", "trailers"],
        ["content-type", "application/grpc"],
      );
      const calls = Array.from({ length: 50 }, (_, i) => {
        const call = new Recorded();
        call.stream = session.open(call, shared, fields(["x-changing", `v${i}`]));
        for (const size of SIZES) call.stream.write(new Uint8Array(message(size)));
        call.stream.end();
        return call;
      });
      await Promise.all(calls.map(closed));
      for (const [i, call] of calls.entries()) {
        expect(call.reason).toBeUndefined();
        expect(sizesIn(call)).toEqual(SIZES);
        const get = (list: typeof call.headers, name: string): unknown =>
          list?.find((f) => f.name === name)?.value;
        expect(get(call.headers, "x-changing")).toBe(`v${i}`);
        expect(get(call.trailers, "grpc-status")).toBe(String(status.OK));
        expect(get(call.trailers, "x-trailer")).toBe("done");
      }
      session.shutdown();
      expect(recorded.error).toBeUndefined();
    }, 60_000);
  });
});
