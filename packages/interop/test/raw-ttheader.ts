import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import {
  decodeFrame,
  encodeFrame,
  Flag,
  type Frame,
  FrameKind,
  type IntPair,
  ProtocolId,
  type StringPair,
} from "@slipstream/ttheader";
import { FrameCutter } from "../src/frame-cutter.ts";
import { Msg } from "../src/gen/lab.ts";

/** One side of a connection that writes and reads frames as the test says, with no protocol behind it. */
export class RawConnection implements Disposable {
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;
  readonly #frames: Frame[] = [];
  #wake = () => {};
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    const cutter = new FrameCutter();
    socket.on("data", (bytes) => {
      for (const frame of cutter.cut(bytes)) this.#frames.push(decodeFrame(frame));
      this.#wake();
    });
    socket.on("error", () => {}); // "close" follows
    this.closed = once(socket, "close").then(() => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static async connect(target: string): Promise<RawConnection> {
    const [host, port] = target.split(":") as [string, string];
    const socket = connect(Number(port), host);
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** In one write. */
  write(...parts: Uint8Array[]): void {
    this.#socket.write(Buffer.concat(parts));
  }

  /** The next frame; rejects when the peer closes instead. */
  async next(): Promise<Frame> {
    while (this.#frames.length === 0) {
      if (this.#isClosed) throw new Error("the peer closed the connection");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#frames.shift() as Frame;
  }

  /** The next `count` frames. */
  async take(count: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    while (frames.length < count) frames.push(await this.next());
    return frames;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A server on a free port of 127.0.0.1 whose connections `serve` plays by hand. */
export async function rawServer(
  serve: (connection: RawConnection) => Promise<void>,
): Promise<{ target: string } & AsyncDisposable> {
  const connections = new Set<RawConnection>();
  const server = createServer((socket) => {
    const connection = new RawConnection(socket);
    connections.add(connection);
    serve(connection).catch(() => {}); // the client's outcome tells
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection[Symbol.dispose]();
      server.close();
      await once(server, "close");
    },
  };
}

interface Parts {
  readonly sid?: number;
  readonly method?: string;
  readonly strings?: readonly StringPair[] | undefined;
  readonly ints?: readonly IntPair[];
  readonly payload?: Uint8Array;
}

function streaming(kind: number): (parts?: Parts) => Uint8Array {
  return ({ sid = 1, method = "Chat", strings, ints = [], payload } = {}) =>
    encodeFrame({
      flags: Flag.streaming,
      sequenceId: sid,
      protocolId: ProtocolId.thriftStruct,
      strings,
      ints: [[27, String(kind)], [9, method], ...ints],
      payload,
    });
}

export const meta: (parts?: Parts) => Uint8Array = streaming(FrameKind.meta);
export const headerFrame: (parts?: Parts) => Uint8Array = streaming(FrameKind.header);
export const data: (parts?: Parts) => Uint8Array = streaming(FrameKind.data);
export const trailerFrame: (parts?: Parts) => Uint8Array = streaming(FrameKind.trailer);
export const rst: (parts?: Parts) => Uint8Array = streaming(FrameKind.rst);
export const frameOfKind: (kind: number, parts?: Parts) => Uint8Array = (kind, parts) =>
  streaming(kind)(parts);

/** The HEADER of a stream of Lab. */
export const open = (parts: Parts = {}): Uint8Array =>
  headerFrame({ ...parts, strings: [["isn", "Lab"], ...(parts.strings ?? [])] });

export const say = (text: string, parts: Parts = {}): Uint8Array =>
  data({ ...parts, payload: Msg.encode({ text }) });

export const textOf = (frame: Frame): string => Msg.decode(frame.payload).text;

/** A strict Thrift message: version and type, name, sequence id, body. */
export function thriftMessage(type: number, name: string, sequenceId: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(12 + name.length);
  head.writeUInt32BE((0x80010000 | type) >>> 0, 0);
  head.writeUInt32BE(name.length, 4);
  head.write(name, 8, "latin1");
  head.writeInt32BE(sequenceId, 8 + name.length);
  return Buffer.concat([head, body]);
}

/** An EXCEPTION message. */
export function exception(type: number, text: string, more: Uint8Array = new Uint8Array(0)): Buffer {
  const message = Buffer.from(text);
  const body = Buffer.alloc(7 + message.length);
  body.writeUInt8(11, 0);
  body.writeUInt16BE(1, 1);
  body.writeUInt32BE(message.length, 3);
  message.copy(body, 7);
  const number = Buffer.from([8, 0, 2, 0, 0, 0, 0]);
  number.writeInt32BE(type, 3);
  return thriftMessage(3, "Chat", 1, Buffer.concat([body, number, more, Buffer.of(0)]));
}

/** Type and text of an EXCEPTION message. */
export function readException(payload: Uint8Array): { type: number; text: string } {
  const bytes = Buffer.from(payload);
  const name = bytes.readUInt32BE(4);
  const at = 12 + name;
  const length = bytes.readUInt32BE(at + 3);
  return {
    text: bytes.toString("utf8", at + 7, at + 7 + length),
    type: bytes.readInt32BE(at + 7 + length + 3),
  };
}
