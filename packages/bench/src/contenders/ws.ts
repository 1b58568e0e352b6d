import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { BidiOptions, Contender } from "../contender.ts";
import { checkMetadata, payloadFor } from "../messages.ts";

// The least that gives several streams on one WebSocket: five bytes before each payload say which stream, and what.
const headBytes = 5;
const Kind = { unary: 1, serverStream: 2, clientStream: 3, bidi: 4, data: 5, end: 6 } as const;
const highWaterBytes = 256 * 1024;

interface Frame {
  readonly id: number;
  readonly kind: number;
  readonly payload: Buffer;
}

/** Frames on a WebSocket, one message each. */
class Frames {
  readonly #socket: WebSocket;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket, onFrame: (frame: Frame) => void) {
    this.#socket = socket;
    socket.on("message", (message: Buffer) =>
      onFrame({ id: message.readUInt32BE(0), kind: message[4] ?? 0, payload: message.subarray(headBytes) }),
    );
    socket.on("error", () => socket.terminate());
  }

  send(id: number, kind: number, payload: Uint8Array): void {
    const message = Buffer.allocUnsafe(headBytes + payload.length);
    message.writeUInt32BE(id, 0);
    message[4] = kind;
    message.set(payload, headBytes);
    this.#socket.send(message, this.#sent);
  }

  /** Resolves when the socket's buffer has room. */
  room(): Promise<void> | undefined {
    if (this.#socket.bufferedAmount < highWaterBytes) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  readonly #sent = (): void => {
    if (this.#waiting.length === 0 || this.#socket.bufferedAmount >= highWaterBytes) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  };
}

const nothing = new Uint8Array();

function serve(socket: WebSocket): void {
  const counts = new Map<number, number>();
  const frames = new Frames(socket, ({ id, kind, payload }) => {
    if (kind === Kind.unary) frames.send(id, Kind.data, payload);
    else if (kind === Kind.serverStream) void sendAll(id, payload.readUInt32BE(0), payload.readUInt32BE(4));
    else if (kind === Kind.clientStream) counts.set(id, 0);
    else if (kind === Kind.bidi) readMetadata(payload);
    else if (kind === Kind.data) {
      const count = counts.get(id);
      if (count === undefined) frames.send(id, Kind.data, payload);
      else counts.set(id, count + 1);
    } else if (kind === Kind.end) {
      const count = Buffer.alloc(4);
      count.writeUInt32BE(counts.get(id) ?? 0);
      counts.delete(id);
      frames.send(id, Kind.end, count);
    }
  });
  async function sendAll(id: number, count: number, size: number): Promise<void> {
    const payload = payloadFor(size, false);
    for (let i = 0; i < count; i++) {
      frames.send(id, Kind.data, payload);
      const room = frames.room();
      if (room) await room;
    }
    frames.send(id, Kind.end, nothing);
  }
}

function readMetadata(payload: Buffer): void {
  const pairs = new Map(payload.length === 0 ? [] : (JSON.parse(payload.toString()) as [string, string][]));
  checkMetadata((key) => pairs.get(key));
}

export const ws: Contender = {
  name: "ws",
  isTyped: false,
  note: "raw `ws`, bytes as messages, one WebSocket message for each",
  packages: ["ws"],
  async startServer() {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
    server.on("connection", serve);
    await new Promise<void>((resolve) => server.once("listening", resolve));
    return { port: (server.address() as AddressInfo).port };
  },
  async connect(port) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const streams: (((frame: Frame) => void) | undefined)[] = [];
    const frames = new Frames(socket, (frame) => streams[frame.id]?.(frame));
    let lastId = 0;
    const open = (onFrame: (frame: Frame) => void): number => {
      streams[++lastId] = onFrame;
      return lastId;
    };
    return {
      unary: (payload) =>
        new Promise((resolve) => {
          const id = open((reply) => {
            streams[id] = undefined;
            resolve(reply.payload.length);
          });
          frames.send(id, Kind.unary, payload);
        }),
      serverStream: (count, size, onMessage) =>
        new Promise((resolve) => {
          const request = Buffer.alloc(8);
          request.writeUInt32BE(count, 0);
          request.writeUInt32BE(size, 4);
          const id = open(({ kind, payload }) =>
            kind === Kind.data ? onMessage(payload.length) : resolve(),
          );
          frames.send(id, Kind.serverStream, request);
        }),
      async clientStream(count, payload) {
        let counted!: (count: number) => void;
        const answer = new Promise<number>((resolve) => {
          counted = resolve;
        });
        const id = open((frame) => counted(frame.payload.readUInt32BE(0)));
        frames.send(id, Kind.clientStream, nothing);
        for (let i = 0; i < count; i++) {
          frames.send(id, Kind.data, payload);
          const room = frames.room();
          if (room) await room;
        }
        frames.send(id, Kind.end, nothing);
        return answer;
      },
      bidi({ metadata, onMessage, onEnd }: BidiOptions) {
        const id = open(({ kind, payload }) => (kind === Kind.data ? onMessage(payload.length) : onEnd()));
        frames.send(id, Kind.bidi, metadata?.length ? Buffer.from(JSON.stringify(metadata)) : nothing);
        return {
          send: (payload) => frames.send(id, Kind.data, payload),
          end: () => frames.send(id, Kind.end, nothing),
        };
      },
    };
  },
};
