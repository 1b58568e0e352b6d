import type { Socket } from "node:net";
import type { StreamMessage } from "../../messages.ts";
import { int32, messageBound, putInt32, readMessage, uint16, writeMessageHead } from "./codec.ts";

/** Kinds of frames, as integer key 27 says them. */
export const Kind = { header: 2, data: 3, trailer: 4 } as const;
const kindKey = 27;
const methodKey = 9;
const slabBytes = 64 * 1024;
/** Payloads from here on are not copied. */
const byReferenceBytes = 4096;
const highWaterBytes = 256 * 1024;

/** A frame without strings, made once for a method and kind; length and stream id are patched in. */
function template(kind: number, method: string, flags: number): Buffer {
  const pairs: [number, string][] = [[methodKey, method]];
  if (kind > 0) pairs.push([kindKey, String(kind)]);
  const infoBytes = pairs.reduce((sum, [, value]) => sum + 4 + value.length, 5);
  const frame = Buffer.alloc(14 + Math.ceil(infoBytes / 4) * 4);
  frame.writeUInt32BE(frame.length - 4, 0);
  frame.writeUInt16BE(0x1000, 4);
  frame.writeUInt16BE(flags, 6);
  frame.writeUInt16BE((frame.length - 14) / 4, 12);
  frame[14] = flags === 0 ? 0 : 0x10;
  frame[16] = 0x10;
  frame.writeUInt16BE(pairs.length, 17);
  let at = 19;
  for (const [key, value] of pairs) {
    frame.writeUInt16BE(key, at);
    frame.writeUInt16BE(value.length, at + 2);
    at += 4 + frame.latin1Write(value, at + 4);
  }
  return frame;
}

export class MethodFrames {
  readonly method: string;
  readonly header: Buffer;
  readonly data: Buffer;
  readonly trailer: Buffer;

  constructor(method: string) {
    this.method = method;
    this.header = template(Kind.header, method, 2);
    this.data = template(Kind.data, method, 2);
    this.trailer = template(Kind.trailer, method, 2);
  }
}

const callFrame = template(0, "Unary", 0);

/** Message head, and the one field of the arguments or of the result. */
function envelope(type: number, field: number): Buffer {
  const head = Buffer.alloc(20);
  head.writeInt32BE(0x80010000 | type | 0, 0);
  head.writeInt32BE(5, 4);
  head.latin1Write("Unary", 8);
  head[17] = 12;
  head.writeUInt16BE(field, 18);
  return head;
}

const requestEnvelope = envelope(1, 1);
const replyEnvelope = envelope(2, 0);
const envelopeBytes = requestEnvelope.length;
const nothing = Buffer.alloc(0);

/** One stream behind `send` that resolves when there is room, and `for await`. */
export class CeilingStream implements AsyncIterableIterator<StreamMessage> {
  readonly id: number;
  readonly frames: MethodFrames;
  readonly #connection: CeilingConnection;
  #queue: (StreamMessage | undefined)[] = [];
  #head = 0;
  #isEnded = false;
  #waiter: ((result: IteratorResult<StreamMessage>) => void) | undefined;

  constructor(connection: CeilingConnection, id: number, frames: MethodFrames) {
    this.#connection = connection;
    this.id = id;
    this.frames = frames;
  }

  send(message: StreamMessage): Promise<void> | undefined {
    this.#connection.data(this.frames.data, this.id, message, nothing, 1);
    return this.#connection.room();
  }

  header(): void {
    this.#connection.bare(this.frames.header, this.id);
  }

  trailer(): void {
    this.#connection.bare(this.frames.trailer, this.id);
  }

  deliver(message: StreamMessage): void {
    const waiter = this.#waiter;
    if (!waiter) {
      this.#queue.push(message);
      return;
    }
    this.#waiter = undefined;
    waiter({ value: message, done: false });
  }

  finish(): void {
    this.#isEnded = true;
    this.#waiter?.({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<StreamMessage>> {
    if (this.#head < this.#queue.length) {
      const value = this.#queue[this.#head] as StreamMessage;
      this.#queue[this.#head++] = undefined;
      if (this.#head === this.#queue.length) {
        this.#queue = [];
        this.#head = 0;
      }
      return Promise.resolve({ value, done: false });
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Frames in and out of a socket: those of one turn leave in one write. */
export class CeilingConnection {
  readonly streams: (CeilingStream | undefined)[] = [];
  onOpen: (id: number, method: string, strings: ReadonlyMap<string, string>) => void = () => {};
  onCall: (id: number, message: StreamMessage) => void = () => {};
  readonly #isServer: boolean;
  readonly #socket: Socket;
  #slab = Buffer.allocUnsafeSlow(slabBytes);
  #from = 0;
  #to = 0;
  #pieces: Uint8Array[] = [];
  #pending = 0;
  #isScheduled = false;
  #isBlocked = false;
  #room: { promise: Promise<void>; resolve: () => void } | undefined;
  #partial = nothing;
  #filled = 0;

  constructor(socket: Socket, isServer: boolean) {
    this.#socket = socket;
    this.#isServer = isServer;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("drain", () => {
      this.#isBlocked = false;
      this.#room?.resolve();
      this.#room = undefined;
    });
    socket.on("error", () => socket.destroy());
  }

  call(id: number, message: StreamMessage, isReply: boolean): void {
    this.data(callFrame, id, message, isReply ? replyEnvelope : requestEnvelope, 2);
  }

  room(): Promise<void> | undefined {
    if (!this.#isBlocked) return undefined;
    if (!this.#room) {
      let resolve!: () => void;
      const promise = new Promise<void>((done) => {
        resolve = done;
      });
      this.#room = { promise, resolve };
    }
    return this.#room.promise;
  }

  bare(frame: Buffer, id: number): void {
    const at = this.#reserve(frame.length);
    this.#slab.set(frame, at);
    putInt32(this.#slab, at + 8, id);
    this.#commit(frame.length);
  }

  /** A frame with strings, which are ASCII here. */
  open(frame: Buffer, id: number, strings: readonly (readonly [string, string])[]): void {
    let at = this.#reserve(
      strings.reduce((sum, [key, value]) => sum + 4 + key.length + value.length, frame.length + 8),
    );
    const start = at;
    const slab = this.#slab;
    slab.set(frame, at);
    putInt32(slab, at + 8, id);
    at += frame.length;
    slab[at] = 1;
    slab.writeUInt16BE(strings.length, at + 1);
    at += 3;
    for (const pair of strings) {
      for (const text of pair) {
        slab.writeUInt16BE(text.length, at);
        at += 2 + slab.latin1Write(text, at + 2);
      }
    }
    while ((at - start - 14) & 3) slab[at++] = 0;
    putInt32(slab, start, at - start - 4);
    slab.writeUInt16BE((at - start - 14) / 4, start + 12);
    this.#commit(at - start);
  }

  data(frame: Buffer, id: number, message: StreamMessage, prefix: Buffer, stops: number): void {
    const { payload } = message;
    const isLarge = payload.length >= byReferenceBytes;
    const bound =
      frame.length + prefix.length + messageBound(message) + stops + (isLarge ? 0 : payload.length);
    const start = this.#reserve(bound);
    const slab = this.#slab;
    slab.set(frame, start);
    putInt32(slab, start + 8, id);
    let at = start + frame.length;
    if (prefix.length > 0) {
      slab.set(prefix, at);
      at += prefix.length;
      putInt32(slab, at - 7, id);
    }
    at = writeMessageHead(slab, at, message);
    const rest = payload.length + stops;
    if (isLarge) {
      putInt32(slab, start, at - start + rest - 4);
      this.#commit(at - start);
      this.#seal();
      this.#pieces.push(payload);
      this.#pending += payload.length;
      at = this.#reserve(stops);
      for (let i = 0; i < stops; i++) this.#slab[at + i] = 0;
      this.#commit(stops);
    } else {
      slab.set(payload, at);
      at += payload.length;
      for (let i = 0; i < stops; i++) slab[at++] = 0;
      putInt32(slab, start, at - start - 4);
      this.#commit(at - start);
    }
  }

  #reserve(bytes: number): number {
    if (this.#to + bytes > this.#slab.length) {
      this.#seal();
      this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes));
      this.#from = 0;
      this.#to = 0;
    }
    return this.#to;
  }

  #commit(bytes: number): void {
    this.#to += bytes;
    this.#pending += bytes;
    if (this.#pending >= highWaterBytes) this.#flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#scheduled);
  }

  readonly #scheduled = (): void => {
    this.#isScheduled = false;
    this.#flush();
  };

  #seal(): void {
    if (this.#to === this.#from) return;
    this.#pieces.push(this.#slab.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #flush(): void {
    if (this.#pending === 0) return;
    this.#pending = 0;
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (pieces.length === 1) socket.write(pieces[0] as Uint8Array);
    else {
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
    }
    if (socket.writableNeedDrain) this.#isBlocked = true;
  }

  #read(chunk: Buffer): void {
    let at = 0;
    if (this.#filled > 0) {
      // The rest of a frame that was cut; its length may be cut as well.
      const known = Buffer.concat([this.#partial.subarray(0, this.#filled), chunk.subarray(0, 4)]);
      const length = 4 + (known.length >= 4 ? int32(known, 0) : Number.NaN);
      const missing = length - this.#filled;
      if (!(chunk.length >= missing)) {
        this.#keep(chunk, 0);
        return;
      }
      this.#keep(chunk.subarray(0, missing), 0);
      const frame = this.#partial.subarray(0, this.#filled);
      this.#filled = 0;
      this.#partial = nothing;
      this.#frame(frame, 0);
      at = missing;
    }
    while (chunk.length - at >= 4) {
      const length = 4 + int32(chunk, at);
      if (chunk.length - at < length) break;
      this.#frame(chunk, at);
      at += length;
    }
    if (at < chunk.length) this.#keep(chunk, at);
  }

  #keep(chunk: Buffer, from: number): void {
    const bytes = chunk.length - from;
    if (this.#filled + bytes > this.#partial.length) {
      const first = this.#filled === 0 && bytes >= 4 ? 4 + int32(chunk, from) : 0;
      const grown = Buffer.allocUnsafe(Math.max(first, 2 * (this.#filled + bytes)));
      this.#partial.copy(grown, 0, 0, this.#filled);
      this.#partial = grown;
    }
    this.#filled += chunk.copy(this.#partial, this.#filled, from);
  }

  #frame(bytes: Buffer, at: number): void {
    const id = int32(bytes, at + 8);
    const body = at + 14 + uint16(bytes, at + 12) * 4;
    if (((bytes[at + 7] as number) & 2) === 0) {
      this.onCall(id, readMessage(bytes, body + envelopeBytes));
      return;
    }
    let kind = 0;
    let method: [number, number] = [0, 0];
    let strings = 0;
    for (let info = at + 16; info < body; ) {
      const section = bytes[info++];
      if (section === 0) continue;
      let pairs = uint16(bytes, info);
      info += 2;
      if (section === 1) strings = info - 2;
      for (; pairs > 0; pairs--) {
        if (section === 1) info += 2 + uint16(bytes, info);
        const key = section === 1 ? 0 : uint16(bytes, info);
        if (section !== 1) info += 2;
        const length = uint16(bytes, info);
        if (key === kindKey) kind = (bytes[info + 2] as number) - 48;
        else if (key === methodKey) method = [info + 2, info + 2 + length];
        info += 2 + length;
      }
    }
    const stream = this.streams[id];
    if (kind === Kind.data) stream?.deliver(readMessage(bytes, body));
    else if (kind === Kind.header) this.onOpen(id, bytes.latin1Slice(...method), readStrings(bytes, strings));
    else if (kind === Kind.trailer) {
      if (!this.#isServer) this.streams[id] = undefined;
      stream?.finish();
    }
  }
}

function readStrings(bytes: Buffer, start: number): ReadonlyMap<string, string> {
  const strings = new Map<string, string>();
  if (start === 0) return strings;
  let at = start + 2;
  const text = (): string => {
    const length = uint16(bytes, at);
    at += 2 + length;
    return bytes.latin1Slice(at - length, at);
  };
  for (let pairs = uint16(bytes, start); pairs > 0; pairs--) strings.set(text(), text());
  return strings;
}
