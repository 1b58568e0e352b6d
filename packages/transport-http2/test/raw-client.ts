import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from "node:http2";

/** What a raw client got. */
export interface RawAnswer {
  readonly header: ReadonlyMap<string, string>;
  readonly trailer: ReadonlyMap<string, string>;
  readonly data: Buffer;
  /** Of a RST_STREAM, or 0. */
  readonly code: number;
}

/** An HTTP/2 client without gRPC in it. */
export class RawClient implements AsyncDisposable {
  readonly session: ClientHttp2Session;

  constructor(target: string) {
    this.session = connect(`http://${target}`);
    this.session.on("error", () => {});
  }

  open(path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
    const all = {
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc+thrift",
      te: "trailers",
      ...headers,
    };
    const defined = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const stream = this.session.request(defined, { waitForTrailers: true });
    stream.on("wantTrailers", () => {
      if (!stream.destroyed) stream.sendTrailers({});
    });
    stream.on("error", () => {});
    return stream;
  }

  /** One request of these bytes, and all that comes back. */
  async call(
    path: string,
    bytes: Uint8Array | undefined,
    headers: OutgoingHttpHeaders = {},
  ): Promise<RawAnswer> {
    const stream = this.open(path, headers);
    if (bytes !== undefined) stream.end(bytes);
    return await answerOf(stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy();
  }
}

export async function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let header = new Map<string, string>();
  let trailer = new Map<string, string>();
  stream.on("response", (_h, _f, raw?: string[]) => (header = pairs(raw ?? [])));
  stream.on("trailers", (_h: unknown, _f: number, raw: string[]) => (trailer = pairs(raw)));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await closed(stream);
  return { header, trailer, data: Buffer.concat(chunks), code: stream.rstCode ?? 0 };
}

/** Unlike `once` of `node:events` also after an error. */
export function closed(emitter: { once(event: "close", listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => emitter.once("close", resolve));
}

function pairs(raw: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) map.set(raw[at] as string, raw[at + 1] as string);
  return map;
}

/** A message with its prefix. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Messages without their prefixes. */
export function unframed(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
