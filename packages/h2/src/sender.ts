import { ErrorCode, H2Error } from "./error.ts";
import { Flag, FRAME_HEAD_BYTES, FrameType, MIN_MAX_FRAME_SIZE, putFrameHead } from "./frame.ts";
import { bound, type Encoder, listBytes, type SharedBlock } from "./hpack/encoder.ts";
import type { Output } from "./output.ts";
import { allocate } from "./platform.ts";
import { DEFAULT_WINDOW } from "./settings.ts";
import type { Fields } from "./types.ts";

/** A stream that waits for its turn to send. */
export interface Waiting {
  /** Sends one DATA frame of what it holds, and waits again if that was not all. Returns whether it holds nothing and its owner wants to know. */
  takeTurn(): boolean;
  /** Tells the owner, or waits again. */
  tellRoom(): void;
}

/** What all streams of a connection share when they send: the link, the compression table, and the connection's window. */
export class Sender {
  readonly output: Output;
  /** What the peer lets us send on all streams together. */
  window: number = DEFAULT_WINDOW;
  /** The longest frame that we send. */
  maxFrameSize: number = MIN_MAX_FRAME_SIZE;
  /** The peer's SETTINGS_MAX_HEADER_LIST_SIZE. */
  maxListBytes: number = Number.POSITIVE_INFINITY;
  /** All DATA so far, and in how many frames, writes and header sections it was sent. */
  sentBytes = 0;
  sends = 0;

  readonly #encoder: Encoder;
  /** In the order in which they take turns, a frame each: so those that compete for the window or the link share it fairly. */
  readonly #waiting: Set<Waiting> = new Set();

  constructor(output: Output, encoder: Encoder) {
    this.output = output;
    this.#encoder = encoder;
  }

  /** Whether the connection, seen from all its streams, lets DATA out. */
  get isOpen(): boolean {
    return this.window > 0 && !this.output.isBlocked;
  }

  wait(stream: Waiting): void {
    this.#waiting.add(stream);
  }

  leave(stream: Waiting): void {
    if (this.#waiting.size > 0) this.#waiting.delete(stream);
  }

  /** There may be room again, in the window or in the link. Who holds bytes goes before who wants to write more. */
  resume(): void {
    const waiting = this.#waiting;
    if (waiting.size === 0 || !this.isOpen) return;
    const withRoom: Waiting[] = [];
    while (waiting.size > 0 && this.isOpen) {
      // Streams that wait again during this are met again, at the end.
      for (const stream of waiting) {
        if (!this.isOpen) break;
        waiting.delete(stream);
        if (stream.takeTurn()) withRoom.push(stream);
      }
    }
    for (const stream of withRoom) stream.tellRoom();
  }

  /**
   * Sends a header or trailer section, `shared` first.
   *
   * @throws H2Error when the peer's SETTINGS_MAX_HEADER_LIST_SIZE is passed or a field cannot be sent; nothing was sent then.
   */
  headers(streamId: number, flags: number, shared: Fields, fields: Fields | undefined): void {
    const { output } = this;
    this.sends++;
    const block = this.#encoder.shared(shared);
    const most = fields === undefined ? block.bound : block.bound + bound(fields);
    if (most > this.maxListBytes) this.#checkListBytes(shared, fields);
    if (most > MIN_MAX_FRAME_SIZE) {
      this.#longHeaders(streamId, flags, block, fields, most);
      return;
    }
    if ((flags & Flag.END_STREAM) === 0) output.beginCall();
    const at = output.reserve(FRAME_HEAD_BYTES + most);
    const { bytes } = output;
    const start = at + FRAME_HEAD_BYTES;
    const end = this.#encoder.write(bytes, start, block, fields);
    putFrameHead(bytes, at, end - start, FrameType.HEADERS, flags | Flag.END_HEADERS, streamId);
    output.commit(end - at);
  }

  /** One that may need CONTINUATION frames (RFC 9113, 6.10). */
  #longHeaders(
    streamId: number,
    flags: number,
    shared: SharedBlock,
    fields: Fields | undefined,
    most: number,
  ): void {
    const block = allocate(most);
    const length = this.#encoder.write(block, 0, shared, fields);
    for (let at = 0; at === 0 || at < length; at += MIN_MAX_FRAME_SIZE) {
      const end = Math.min(length, at + MIN_MAX_FRAME_SIZE);
      const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      const frameFlags = (at === 0 ? flags : 0) | (end === length ? Flag.END_HEADERS : 0);
      this.output.frame(type, frameFlags, streamId, block.subarray(at, end));
    }
  }

  #checkListBytes(shared: Fields, fields: Fields = []): void {
    const bytes = listBytes(shared) + listBytes(fields);
    if (bytes <= this.maxListBytes) return;
    throw new H2Error(
      ErrorCode.INTERNAL_ERROR,
      `the fields count ${bytes} bytes, and the peer's SETTINGS_MAX_HEADER_LIST_SIZE is ${this.maxListBytes} (RFC 9113, 10.5.1)`,
    );
  }
}
