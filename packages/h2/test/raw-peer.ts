import { Decoder } from "../src/hpack/decoder.ts";
import { Encoder } from "../src/hpack/encoder.ts";
import type { Fields } from "../src/index.ts";
import type { LinkReceiver } from "../src/link.ts";
import { pairs } from "./handlers.ts";
import type { MemoryLink, Network } from "./memory-link.ts";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4);
  return bytes;
}

/** The payload of a SETTINGS frame, by the numbers of the settings. */
export function settings(values: Record<number, number>): Buffer {
  return Buffer.concat(
    Object.entries(values).map(([id, value]) => Buffer.concat([Buffer.from([0, Number(id)]), uint32(value)])),
  );
}

/** A peer of a session that does as a test tells it, frame by frame. */
export class RawPeer implements LinkReceiver {
  readonly frames: Frame[] = [];
  readonly link: MemoryLink;
  isClosed = false;
  /** Answers SETTINGS and PING. */
  isPolite = true;
  readonly #network: Network;
  readonly #encoder: Encoder = new Encoder(4096);
  readonly #decoder: Decoder = new Decoder({ tableBytes: 4096, listBytes: 1 << 20 });
  #buffer: Buffer;

  constructor(network: Network, link: MemoryLink, expectsPreface = false) {
    this.#network = network;
    this.link = link;
    this.#buffer = Buffer.alloc(0);
    this.#prefaceLeft = expectsPreface ? 24 : 0;
    link.start(this);
  }

  #prefaceLeft: number;

  /** A client's preface and first SETTINGS, or a server's SETTINGS. */
  begin(values: Record<number, number> = {}, isClient = true): void {
    const preface = isClient ? Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") : Buffer.alloc(0);
    this.send(preface, frame(SETTINGS, 0, 0, settings(values)));
  }

  send(...frames: Buffer[]): void {
    this.link.write([Buffer.concat(frames)]);
    this.#network.settle();
  }

  block(list: Fields): Buffer {
    const bytes = Buffer.alloc(1 << 20);
    const end = this.#encoder.write(bytes, 0, this.#encoder.shared([]), list);
    return Buffer.from(bytes.subarray(0, end));
  }

  headers(streamId: number, list: Fields, flags: number = END_HEADERS): Buffer {
    return frame(HEADERS, flags, streamId, this.block(list));
  }

  fieldsOf(headers: Frame): [string, string | number[]][] {
    return pairs(this.#decoder.decode(headers.payload, 0, headers.payload.length).fields);
  }

  of(type: number, streamId?: number): Frame[] {
    return this.frames.filter((f) => f.type === type && (streamId === undefined || f.streamId === streamId));
  }

  /** The code of the GOAWAY that ended the connection, with its text. */
  get goaway(): { code: number; text: string } | undefined {
    const last = this.of(GOAWAY).at(-1);
    return last && { code: last.payload.readUInt32BE(4), text: last.payload.subarray(8).toString() };
  }

  resetCode(streamId: number): number | undefined {
    return this.of(RST_STREAM, streamId).at(-1)?.payload.readUInt32BE(0);
  }

  onData(chunk: Uint8Array): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    const preface = Math.min(this.#prefaceLeft, this.#buffer.length);
    this.#prefaceLeft -= preface;
    this.#buffer = this.#buffer.subarray(preface);
    while (this.#buffer.length >= 9 && this.#buffer.length >= 9 + this.#buffer.readUIntBE(0, 3)) {
      const end = 9 + this.#buffer.readUIntBE(0, 3);
      const [type, flags, streamId] = [
        this.#buffer[3] as number,
        this.#buffer[4] as number,
        this.#buffer.readUInt32BE(5),
      ];
      const payload = this.#buffer.subarray(9, end);
      this.#buffer = this.#buffer.subarray(end);
      this.frames.push({ type, flags, streamId, payload });
      if (!this.isPolite || flags !== 0) continue;
      if (type === SETTINGS) this.link.write([frame(SETTINGS, ACK, 0)]);
      if (type === PING) this.link.write([frame(PING, ACK, 0, payload)]);
    }
  }
  onDrain(): void {}
  onClose(): void {
    this.isClosed = true;
  }
}
