import type { Http2Stream, ServerHttp2Stream } from "node:http2";
import {
  ErrorCode,
  type Fields,
  H2Error,
  type Stream,
  type StreamClose,
  type StreamHandler,
} from "@slipstream/h2";
import { type ReceivedSections, toNodeHeaders } from "./fields.ts";
import { sectionBytes, type Turn } from "./turn.ts";
import { firstBytes, TurnBuffer, type Unwritten } from "./turn-buffer.ts";

const noFields: Fields = [];

/** What a stream needs of its session. */
export interface StreamOwner {
  readonly isServer: boolean;
  readonly isLost: boolean;
  readonly maxSendListBytes: number;
  /** What may lie unread before nothing more is taken from the peer. */
  readonly maxUnreadBytes: number;
  /** What a stream may hold unsent before it is asked to wait. */
  readonly highWaterBytes: number;
  readonly unwritten: Unwritten;
  readonly turn: Turn;
  readonly received: ReceivedSections;
  streamClosed(stream: NodeStream): void;
}

/** Node's `Http2Stream` as a stream of a session. */
export class NodeStream implements Stream {
  readonly #node: Http2Stream;
  readonly #owner: StreamOwner;
  #handler: StreamHandler | undefined;
  /** What was written in this turn and Node was not given yet. */
  #pending: TurnBuffer | undefined;
  #hasWritten = false;
  #wantsDrain = false;
  #unread = 0;
  #isPaused = false;
  #trailers: { readonly shared: Fields; readonly fields: Fields } | undefined;
  #received: Fields | undefined;
  /** A header section that came and was not told yet. */
  #untold: readonly string[] | undefined;
  #endsUntold = false;
  #isEnding = false;
  #hasEnded = false;
  #hasPeerEnded = false;
  /** Node's stream is over: nothing is written any more. What came before may not have been told yet. */
  #isClosed = false;
  /** The end was told, and so nothing more is. */
  #isOver = false;
  #closeReason: StreamClose | undefined;

  constructor(node: Http2Stream, owner: StreamOwner) {
    this.#node = node;
    this.#owner = owner;
    // Without a listener a reset of the peer would be an uncaught error.
    node.on("error", () => {});
    node.on("close", () => this.#closed());
    // A server's stream is asked before its side ends. A client's is not: that takes Node another turn and another write.
    node.on("wantTrailers", () => this.#sendTrailers());
    node.on("trailers", (_headers: unknown, _flags: number, raw: string[]) => {
      this.#received = this.#owner.received.read(raw);
    });
  }

  get id(): number {
    return this.#node.id ?? 0;
  }

  /** Our side has said its last, and it may not have left yet. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  get bufferedBytes(): number {
    if (this.#isClosed) return 0;
    const trailer = this.#isEnding && !this.#hasEnded ? 1 : 0;
    return (this.#pending?.bytes ?? 0) + this.#node.writableLength + trailer;
  }

  /** From here on `handler` hears of the stream, and of content once {@link NodeStream.read} was called. */
  start(handler: StreamHandler): void {
    this.#handler = handler;
    // It may have been reset while its handler was made.
    if (this.#isOver) handler.onClose(this.#closeReason);
  }

  /** Takes content. Not before the header section was told: Node would give content first when both come together. */
  read(): void {
    const node = this.#node;
    node.on("data", (chunk: Buffer) => this.#data(chunk));
    // Trailers come with the end: content may lie in Node's buffer when they are there already.
    node.on("end", () => this.#end());
  }

  /** A response. Content that was sent with it, which Node gives a little later, is told in the same turn. */
  onHeaders(raw: readonly string[], endStream: boolean): void {
    if (this.#isOver) return;
    this.#untold = raw;
    this.#endsUntold = endStream;
    this.read();
    if (endStream) this.#tellHeaders();
    else this.#owner.turn.tellLater(() => this.#tellHeaders());
  }

  #tellHeaders(): void {
    const raw = this.#untold;
    if (raw === undefined || this.#isOver) return;
    this.#untold = undefined;
    this.#handler?.onHeaders(this.#owner.received.read(raw), this.#endsUntold);
  }

  onInformational(raw: readonly string[]): void {
    if (!this.#isOver) this.#handler?.onInformational(this.#owner.received.read(raw));
  }

  // Stream.

  inform(fields: Fields): void {
    const node = this.#node as ServerHttp2Stream;
    if (!this.#isClosed)
      node.additionalHeaders(toNodeHeaders(fields, noFields, this.#owner.maxSendListBytes));
  }

  respond(shared: Fields, fields: Fields = noFields, endStream = false): void {
    if (this.#isClosed) return;
    const node = this.#node as ServerHttp2Stream;
    const headers = toNodeHeaders(shared, fields, this.#owner.maxSendListBytes);
    this.#owner.turn.wrote(sectionBytes);
    node.respond(headers, { sendDate: false, endStream, waitForTrailers: !endStream } as never);
    if (endStream) {
      this.#isEnding = true;
      this.#hasEnded = true;
    }
  }

  write(bytes: Uint8Array, prefix?: Uint8Array, release?: (bytes: Uint8Array) => void): boolean {
    if (this.#isClosed || this.#isEnding) return true;
    const prefixBytes = prefix === undefined ? 0 : prefix.length;
    const size = prefixBytes + bytes.length;
    if (size === 0) return true;
    const isFirst = !this.#hasWritten;
    if (this.#pending === undefined) {
      this.#pending = new TurnBuffer(isFirst ? Math.min(size, firstBytes) : firstBytes);
      if (!isFirst) process.nextTick(this.#flush);
    }
    if (prefix !== undefined) this.#pending.add(prefix);
    this.#pending.add(bytes, release);
    // The first message goes with the header section, if that was sent in this turn. Many streams have no other.
    if (isFirst) this.#flush();
    if (this.bufferedBytes < this.#owner.highWaterBytes) return true;
    this.#wantsDrain = true;
    return false;
  }

  end(shared: Fields = noFields, fields: Fields = noFields): void {
    if (this.#isClosed || this.#isEnding) return;
    const { isServer } = this.#owner;
    if (!isServer && shared.length + fields.length > 0) {
      this.reset(ErrorCode.INTERNAL_ERROR);
      return;
    }
    this.#flush();
    this.#isEnding = true;
    this.#wantsDrain = true;
    if (isServer) this.#trailers = { shared, fields };
    else this.#hasEnded = true;
    this.#node.end();
  }

  reset(code: number): void {
    if (this.#isOver) return;
    const isClosed = this.#isClosed;
    this.#pending = undefined;
    this.#close({ code, by: "local", unprocessed: false, message: `reset here with code ${code}` });
    if (!isClosed) this.#reset(code);
  }

  consume(bytes: number): void {
    if (this.#isClosed) return;
    this.#unread -= bytes;
    if (!this.#isPaused || this.#unread > this.#owner.maxUnreadBytes / 2) return;
    this.#isPaused = false;
    this.#node.resume();
  }

  /** The connection is lost, or over. */
  lose(reason: StreamClose): void {
    this.#close(reason);
    // Else Node would end our side in order, as if all had been said.
    if (!this.#node.destroyed)
      this.#reset(reason.code === ErrorCode.NO_ERROR ? ErrorCode.CANCEL : reason.code);
  }

  #reset(code: number): void {
    const node = this.#node;
    if (this.#isEnding) {
      node.close(code);
      return;
    }
    // Node ends our side before it resets: the peer would take what came for all there is.
    node._final = sayNothing;
    // It also does so with a write, if the side is ending in the tick after that.
    if (node.writableLength > 0) process.nextTick(() => node.close(code));
    else node.close(code);
  }

  readonly #flush = (): void => {
    const pending = this.#pending;
    if (pending === undefined || this.#isClosed) return;
    this.#hasWritten = true;
    this.#pending = undefined;
    this.#owner.turn.wrote(pending.bytes);
    pending.writeTo(this.#node, this.#owner.unwritten, this.#drained);
  };

  readonly #drained = (): void => {
    if (!this.#wantsDrain || this.#isClosed || this.bufferedBytes > 0) return;
    this.#wantsDrain = false;
    this.#handler?.onDrain();
  };

  #sendTrailers(): void {
    if (this.#isClosed || this.#node.destroyed) return;
    const { shared, fields } = this.#trailers ?? { shared: noFields, fields: noFields };
    try {
      this.#node.sendTrailers(toNodeHeaders(shared, fields, this.#owner.maxSendListBytes));
    } catch {
      this.reset(ErrorCode.INTERNAL_ERROR);
      return;
    }
    this.#hasEnded = true;
    // Node counts the write that ended our side only after this event. Who waits for that has a peer that could go on.
    if (!this.#hasPeerEnded) setImmediate(this.#drained);
  }

  #data(chunk: Buffer): void {
    this.#unread += chunk.length;
    this.#owner.turn.tell(chunk.length, () => {
      this.#tellHeaders();
      if (!this.#isOver) this.#handler?.onData(chunk, 0, chunk.length);
    });
    if (this.#isPaused || this.#isClosed || this.#unread < this.#owner.maxUnreadBytes) return;
    this.#isPaused = true;
    this.#node.pause();
  }

  #end(): void {
    // Node also says "end" of a stream that the peer has reset; the close tells of that.
    if (this.#isClosed || (this.#node.rstCode && this.#received === undefined)) return;
    this.#hasPeerEnded = true;
    this.#owner.turn.tell(sectionBytes, () => {
      this.#tellHeaders();
      if (this.#received !== undefined && !this.#isOver) this.#handler?.onTrailers(this.#received);
      if (!this.#isOver) this.#handler?.onEnd();
    });
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const reason = this.#reason();
    this.#owner.turn.tell(0, () => this.#close(reason));
  }

  #reason(): StreamClose | undefined {
    const code = this.#node.rstCode ?? ErrorCode.NO_ERROR;
    if (this.#hasPeerEnded && this.#hasEnded && code === ErrorCode.NO_ERROR) return undefined;
    if (this.#owner.isLost)
      return { code, by: "connection", unprocessed: false, message: "the connection was closed" };
    const unprocessed = code === ErrorCode.REFUSED_STREAM;
    return { code, by: "peer", unprocessed, message: `the stream was reset with code ${code}` };
  }

  #close(reason: StreamClose | undefined): void {
    if (this.#isOver) return;
    this.#isClosed = true;
    this.#isOver = true;
    this.#closeReason = reason;
    this.#owner.streamClosed(this);
    this.#handler?.onClose(reason);
  }
}

function sayNothing(done: () => void): void {
  done();
}

export function cannotOpen(why: string): H2Error {
  return new H2Error(ErrorCode.REFUSED_STREAM, `no stream can be opened: ${why}`);
}
