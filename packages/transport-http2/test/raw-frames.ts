import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { turn } from "./engines.ts";

/** One frame of HTTP/2 (RFC 9113, 4.1). */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const FrameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = { endStream: 1, ack: 1, endHeaders: 4 } as const;

const headBytes = 9;
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The settings of a SETTINGS frame, by their numbers. */
export function settingsOf({ payload }: Frame): ReadonlyMap<number, number> {
  const settings = new Map<number, number>();
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  }
  return settings;
}

/** Fields as a block of literals that no table keeps, uncompressed (RFC 7541, 6.2.2). */
export function block(
  fields: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
): Buffer {
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** What a gRPC request begins with. */
export function requestFields(path: string): Record<string, string> {
  return {
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "localhost",
    "content-type": "application/grpc+thrift",
    te: "trailers",
  };
}

/** One end of a connection that does as a test tells it, frame by frame; by itself it only answers SETTINGS. */
export class RawEnd {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  /** Called for each frame that comes. */
  onFrame: ((frame: Frame) => void) | undefined;
  isClosed = false;
  /** Bytes that the other end took off our hands. */
  sentBytes = 0;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, expectsPreface: boolean) {
    this.socket = socket;
    let prefaceLeft = expectsPreface ? preface.length : 0;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => (this.isClosed = true));
    socket.on("data", (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      if (prefaceLeft > this.#buffer.length) return;
      this.#buffer = this.#buffer.subarray(prefaceLeft);
      prefaceLeft = 0;
      this.#read();
    });
  }

  /** Our preface and SETTINGS, by their numbers. */
  begin(isClient: boolean, settings: Readonly<Record<number, number>> = {}): void {
    const values = Object.entries(settings).map(([id, value]) =>
      Buffer.concat([Buffer.of(0, Number(id)), uint32(value)]),
    );
    this.send(isClient ? preface : Buffer.alloc(0), frame(FrameType.settings, 0, 0, Buffer.concat(values)));
  }

  send(...frames: readonly Buffer[]): void {
    const bytes = Buffer.concat(frames);
    if (bytes.length === 0 || !this.socket.writable) return;
    this.socket.write(bytes, (error) => {
      if (!error) this.sentBytes += bytes.length;
    });
  }

  of(type: number, streamId?: number): Frame[] {
    return this.frames.filter(
      (each) => each.type === type && (streamId === undefined || each.streamId === streamId),
    );
  }

  /** The first GOAWAY's code and text. */
  get goaway(): readonly [code: number, text: string] | undefined {
    const payload = this.of(FrameType.goaway)[0]?.payload;
    return payload && [payload.readUInt32BE(4), payload.subarray(8).toString()];
  }

  resetCode(streamId: number): number | undefined {
    return this.of(FrameType.rstStream, streamId)[0]?.payload.readUInt32BE(0);
  }

  /** Sends the same again and again until the other end has had enough; no faster than it reads. */
  async flood(frames: (n: number) => Buffer, max: number): Promise<number> {
    let n = 0;
    while (n < max && !this.isClosed && this.socket.writable && this.goaway === undefined) {
      const chunk: Buffer[] = [];
      for (let i = 0; i < 500 && n < max; i++) chunk.push(frames(n++));
      this.send(...chunk);
      while (this.socket.writableLength > 0 && !this.isClosed) await turn();
      await turn();
    }
    return n;
  }

  #read(): void {
    while (this.#buffer.length >= headBytes) {
      const length = this.#buffer.readUIntBE(0, 3);
      if (this.#buffer.length < headBytes + length) return;
      const read: Frame = {
        type: this.#buffer[3] as number,
        flags: this.#buffer[4] as number,
        streamId: this.#buffer.readUInt32BE(5) & 0x7fffffff,
        payload: Buffer.from(this.#buffer.subarray(headBytes, headBytes + length)),
      };
      this.#buffer = this.#buffer.subarray(headBytes + length);
      this.frames.push(read);
      if (read.type === FrameType.settings && read.flags === 0)
        this.send(frame(FrameType.settings, Flag.ack, 0));
      this.onFrame?.(read);
    }
  }
}

/** A connection to a server, as a client of HTTP/2 that has said its preface. */
export async function rawClientEnd(target: string): Promise<RawEnd> {
  const [host = "", port = ""] = target.split(":");
  const socket = connect(Number(port), host);
  const end = new RawEnd(socket, false);
  await once(socket, "connect");
  end.begin(true);
  return end;
}

/** A server whose connections are given to `onConnection`, once its SETTINGS are sent. */
export async function rawServer(
  onConnection: (end: RawEnd) => void,
  settings: Readonly<Record<number, number>> = {},
): Promise<AsyncDisposable & { readonly target: string; readonly ends: readonly RawEnd[] }> {
  const ends: RawEnd[] = [];
  const server = createServer((socket) => {
    const end = new RawEnd(socket, true);
    ends.push(end);
    end.begin(false, settings);
    onConnection(end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ends,
    async [Symbol.asyncDispose]() {
      for (const { socket } of ends) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
