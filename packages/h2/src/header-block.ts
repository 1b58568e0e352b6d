import { ErrorCode, H2Error } from "./error.ts";
import { Flag, getUint31 } from "./frame.ts";
import { unpad } from "./frame-parser.ts";
import { LimitError } from "./limit-error.ts";
import type { ResolvedOptions } from "./options.ts";
import { allocate } from "./platform.ts";

/**
 * A field block that is spread over a HEADERS frame and CONTINUATION frames (RFC 9113, 4.3). Bounded in bytes and in frames.
 */
export class HeaderBlock {
  streamId = 0;
  flags = 0;
  readonly #options: ResolvedOptions;
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  #frames = 0;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** Frames of it are still to come, and nothing else may. */
  get isUnfinished(): boolean {
    return this.streamId !== 0;
  }

  begin(streamId: number, flags: number, bytes: Uint8Array, start: number, end: number): void {
    this.streamId = streamId;
    this.flags = flags;
    this.#frames = 0;
    this.#append(bytes, start, end);
  }

  /** Adds a CONTINUATION frame (RFC 9113, 6.10). */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (++this.#frames > this.#options.maxContinuationFrames) {
      throw new LimitError(
        "maxContinuationFrames",
        `a header section in more than ${this.#options.maxContinuationFrames} CONTINUATION frames`,
      );
    }
    this.#append(bytes, start, end);
  }

  /** The whole block; this one is empty afterwards. */
  finish(): Uint8Array {
    const block = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    this.streamId = 0;
    return block;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    const max = this.#options.maxHeaderBlockBytes;
    if (length > max)
      throw new LimitError("maxHeaderBlockBytes", `a header section of more than ${max} compressed bytes`);
    if (length > this.#bytes.length) {
      const larger = allocate(Math.min(max, Math.max(length, this.#bytes.length * 2)));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }
}

/** Where the fragment of a HEADERS frame starts and ends, without padding and the priority fields, which are ignored (RFC 9113, 6.2). */
export function fragmentOf(
  flags: number,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): readonly [start: number, end: number] {
  if ((flags & Flag.PADDED) !== 0) {
    end = unpad(bytes, start, end);
    start++;
  }
  if ((flags & Flag.PRIORITY) !== 0) {
    if (end - start < 5) {
      throw new H2Error(
        ErrorCode.FRAME_SIZE_ERROR,
        "a HEADERS frame too short for its priority fields (RFC 9113, 6.2)",
      );
    }
    if (getUint31(bytes, start) === streamId) {
      throw new H2Error(ErrorCode.PROTOCOL_ERROR, `stream ${streamId} depends on itself (RFC 7540, 5.3.1)`);
    }
    start += 5;
  }
  return [start, end];
}
