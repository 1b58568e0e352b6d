import { ErrorCode, H2Error } from "./error.ts";
import { Flag, FRAME_HEAD_BYTES, FrameType, getUint31, MIN_MAX_FRAME_SIZE, PREFACE } from "./frame.ts";
import { allocate } from "./platform.ts";

/** Takes frames as they come. Ranges are of a buffer that never changes afterwards. */
export interface FrameSink<Stream> {
  /**
   * The head of a DATA frame, of which `length` bytes count against the windows, and `content` bytes follow: less than the length when there is padding.
   * Returns whose bytes they are.
   */
  dataHead(streamId: number, length: number, content: number, flags: number): Stream;
  /** Some bytes of the content. */
  dataPart(stream: Stream, bytes: Uint8Array, start: number, end: number): void;
  dataEnd(stream: Stream, flags: number): void;
  /** Any other frame that we know, whole. */
  frame(type: number, flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void;
  /** The head of a frame that nobody knows; its payload is passed over (RFC 9113, 4.1). */
  unknownFrame(): void;
}

/**
 * Cuts chunks into frames (RFC 9113, 4.1). A frame that lies whole in a chunk is handed on as a range of it; of the others only DATA is not assembled. So
 * it holds at most one frame of `maxFrameSize`.
 */
export class FrameParser<Stream> {
  readonly #sink: FrameSink<Stream>;
  /** What our SETTINGS_MAX_FRAME_SIZE says. */
  maxFrameSize: number = MIN_MAX_FRAME_SIZE;
  /** Set to pass over everything that still comes. */
  isStopped = false;

  /** How many bytes of the preface have come; a server's only. */
  #preface: number;
  #isFirst = true;
  /** A head that a chunk's end cut. */
  readonly #head: Uint8Array = allocate(FRAME_HEAD_BYTES);
  #headBytes = 0;
  /** A frame that a chunk's end cut, from its head on. */
  #partial: Uint8Array | undefined;
  #partialBytes = 0;
  /** Bytes to come of a DATA frame that was cut, and of a frame to pass over. */
  #dataLeft = 0;
  #skipLeft = 0;
  #stream: Stream | undefined;
  #dataFlags = 0;

  constructor(sink: FrameSink<Stream>, expectsPreface: boolean) {
    this.#sink = sink;
    this.#preface = expectsPreface ? 0 : PREFACE.length;
  }

  /** The preface and a whole SETTINGS frame's head have come (RFC 9113, 3.4). */
  get hasBegun(): boolean {
    return !this.#isFirst;
  }

  /** @throws H2Error when the connection cannot go on; nothing more may be pushed then. */
  push(chunk: Uint8Array): void {
    if (this.isStopped) return;
    let at = 0;
    if (this.#preface < PREFACE.length) at = this.#matchPreface(chunk);
    at = this.#continue(chunk, at);
    const end = chunk.length;
    while (end - at >= FRAME_HEAD_BYTES && !this.isStopped) at = this.#begin(chunk, at, end);
    while (at < end && !this.isStopped) this.#head[this.#headBytes++] = chunk[at++] as number;
  }

  #matchPreface(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && this.#preface < PREFACE.length) {
      if (chunk[at++] !== PREFACE[this.#preface++]) {
        throw new H2Error(
          ErrorCode.PROTOCOL_ERROR,
          "not HTTP/2: the client's preface is wrong (RFC 9113, 3.4)",
        );
      }
    }
    return at;
  }

  /** Takes what belongs to the frame that the last chunk's end cut. Returns where the next one starts. */
  #continue(chunk: Uint8Array, at: number): number {
    const end = chunk.length;
    if (this.#headBytes > 0) {
      const head = this.#head;
      while (this.#headBytes < FRAME_HEAD_BYTES && at < end) head[this.#headBytes++] = chunk[at++] as number;
      if (this.#headBytes < FRAME_HEAD_BYTES) return at;
      this.#headBytes = 0;
      // No byte of the payload is in `head`, so this only notes what is to come, or ends a frame without any.
      this.#begin(head, 0, FRAME_HEAD_BYTES);
      if (this.isStopped) return end;
    }
    if (this.#dataLeft > 0) {
      const taken = Math.min(this.#dataLeft, end - at);
      this.#dataLeft -= taken;
      this.#data(chunk, at, at + taken);
      return at + taken;
    }
    if (this.#skipLeft > 0) {
      const taken = Math.min(this.#skipLeft, end - at);
      this.#skipLeft -= taken;
      return at + taken;
    }
    const partial = this.#partial;
    if (partial === undefined) return at;
    const taken = Math.min(partial.length - this.#partialBytes, end - at);
    partial.set(chunk.subarray(at, at + taken), this.#partialBytes);
    this.#partialBytes += taken;
    if (this.#partialBytes === partial.length) {
      this.#partial = undefined;
      this.#whole(partial, FRAME_HEAD_BYTES, partial.length, partial, 0);
    }
    return at + taken;
  }

  #data(chunk: Uint8Array, start: number, end: number): void {
    const stream = this.#stream as Stream;
    if (end > start) this.#sink.dataPart(stream, chunk, start, end);
    if (this.#dataLeft > 0) return;
    this.#stream = undefined;
    this.#sink.dataEnd(stream, this.#dataFlags);
  }

  /** Takes the frame whose head is at `at`, or notes what a chunk's end cut. Returns where the next one starts. */
  #begin(bytes: Uint8Array, at: number, end: number): number {
    const length =
      ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    const type = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    if (length > this.maxFrameSize || this.#isFirst) this.#checkHead(length, type);
    const start = at + FRAME_HEAD_BYTES;
    const available = Math.min(length, end - start);
    if (type === FrameType.DATA && (flags & Flag.PADDED) === 0) {
      this.#stream = this.#sink.dataHead(getUint31(bytes, at + 5), length, length, flags);
      this.#dataFlags = flags;
      this.#dataLeft = length - available;
      if (available > 0 || length === 0) this.#data(bytes, start, start + available);
    } else if (type > FrameType.CONTINUATION) {
      this.#sink.unknownFrame();
      this.#skipLeft = length - available;
    } else if (available === length) {
      this.#whole(bytes, start, start + length, bytes, at);
    } else {
      checkLength(type, length);
      this.#partial = allocate(FRAME_HEAD_BYTES + length);
      this.#partial.set(bytes.subarray(at, start + available));
      this.#partialBytes = FRAME_HEAD_BYTES + available;
    }
    return start + available;
  }

  #whole(bytes: Uint8Array, start: number, end: number, head: Uint8Array, at: number): void {
    const type = head[at + 3] as number;
    const flags = head[at + 4] as number;
    const streamId = getUint31(head, at + 5);
    if (type === FrameType.DATA) this.#paddedData(flags, streamId, bytes, start, end);
    else this.#sink.frame(type, flags, streamId, bytes, start, end);
  }

  #paddedData(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const content = unpad(bytes, start, end);
    const stream = this.#sink.dataHead(streamId, end - start, content - start - 1, flags);
    if (content > start + 1) this.#sink.dataPart(stream, bytes, start + 1, content);
    this.#sink.dataEnd(stream, flags);
  }

  #checkHead(length: number, type: number): void {
    if (length > this.maxFrameSize) {
      throw new H2Error(
        ErrorCode.FRAME_SIZE_ERROR,
        `a frame of ${length} bytes, when our SETTINGS_MAX_FRAME_SIZE is ${this.maxFrameSize}`,
      );
    }
    if (type !== FrameType.SETTINGS) {
      throw new H2Error(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS (RFC 9113, 3.4)");
    }
    this.#isFirst = false;
  }
}

/** Frames of one length are refused before room is made for another. */
function checkLength(type: number, length: number): void {
  const isWrong =
    type === FrameType.PING
      ? length !== 8
      : type === FrameType.RST_STREAM || type === FrameType.WINDOW_UPDATE
        ? length !== 4
        : false;
  if (isWrong)
    throw new H2Error(
      ErrorCode.FRAME_SIZE_ERROR,
      `frame type ${type} cannot have ${length} bytes (RFC 9113, 6)`,
    );
}

/** Where the content of a padded payload ends; it starts one byte after `start` (RFC 9113, 6.1). */
export function unpad(bytes: Uint8Array, start: number, end: number): number {
  const padding = end > start ? (bytes[start] as number) : end - start;
  if (end - start <= padding)
    throw new H2Error(ErrorCode.PROTOCOL_ERROR, "padding longer than its frame (RFC 9113, 6.1)");
  return end - padding;
}
