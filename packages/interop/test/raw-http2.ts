import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { Msg } from "../src/gen/lab.ts";

/** A message with gRPC's five bytes before it. */
export function grpcMessage(payload: Uint8Array, isCompressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0, 0);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

export const chatMessage = (text: string): Buffer => grpcMessage(Msg.encode({ text }));

/** `{1: Msg}`, the arguments of a method. */
export const pingMessage = (text: string): Buffer =>
  grpcMessage(Buffer.concat([Buffer.of(12, 0, 1), Msg.encode({ text }), Buffer.of(0)]));

/** What came back on a stream; trailers that came with the headers are among the trailers. */
export interface RawReply {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** 0 when the stream was not reset. */
  readonly resetCode: number;
}

/** Unlike `once`, not rejected by the error of a reset. */
export const closed = (stream: Http2Stream): Promise<void> =>
  stream.destroyed ? Promise.resolve() : new Promise((resolve) => stream.once("close", resolve));

/** A connection to a gRPC server on which a test says every header. */
export class RawHttp2Client implements AsyncDisposable {
  readonly session: ClientHttp2Session;

  constructor(target: string) {
    this.session = connect(`http://${target}`);
    this.session.on("error", () => {}); // the streams tell
  }

  open(path: string, headers: OutgoingHttpHeaders = {}, endStream = false) {
    return this.session.request(
      {
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc+thrift",
        te: "trailers",
        ...headers,
      },
      { endStream },
    );
  }

  /** One request and all that comes back. */
  async call(path: string, body: Uint8Array, more: OutgoingHttpHeaders = {}): Promise<RawReply> {
    const stream = this.open(path, more);
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (fields) => (headers = fields));
    stream.on("trailers", (fields) => (trailers = fields));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => {}); // the code tells
    stream.end(body);
    await closed(stream);
    if (headers["grpc-status"] !== undefined) trailers = { ...headers, ...trailers };
    return { headers, trailers, body: Buffer.concat(chunks), resetCode: stream.rstCode ?? 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy();
  }
}

/** An HTTP/2 server on a free port of 127.0.0.1 whose streams `serve` plays by hand. */
export async function rawHttp2Server(
  serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<{ target: string } & AsyncDisposable> {
  const server = createServer();
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {}); // the client's outcome tells
    serve(stream, headers);
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
