import { FIXED_BYTES } from "./format.ts";
import { FrameError } from "./frame-error.ts";
import { int32, uint16 } from "./frame-head.ts";
import { type FrameReceiver, type FrameSource, type Framing, plainBytes } from "./frame-reader.ts";
import type { ResolvedFrameLimits } from "./limits.ts";

/** Whole frames, one or more, in each chunk: what the messages of a WebSocket hold. */
export const messageFraming: Framing = (limits, receiver) => new MessageReader(limits, receiver);

class MessageReader implements FrameSource {
  readonly #limits: ResolvedFrameLimits;
  readonly #receiver: FrameReceiver;
  #isStopped = false;

  constructor(limits: ResolvedFrameLimits, receiver: FrameReceiver) {
    this.#limits = limits;
    this.#receiver = receiver;
  }

  push(chunk: Uint8Array): void {
    const bytes = plainBytes(chunk);
    for (let at = 0; at < bytes.length && !this.#isStopped; ) {
      const left = bytes.length - at;
      if (left < FIXED_BYTES) throw cutShort(`${left} bytes`);
      const length = (int32(bytes, at) >>> 0) + 4;
      if (length > left) throw cutShort(`${left} bytes of a frame of ${length}`);
      if (length - 4 > this.#limits.maxFrameLength) {
        this.#receiver.onOversize?.({
          sequenceId: int32(bytes, at + 8),
          flags: uint16(bytes, at + 6),
          length,
        });
      } else this.#receiver.onFrame(bytes, at, at + length);
      at += length;
    }
  }

  stop(): void {
    this.#isStopped = true;
  }
}

function cutShort(what: string): FrameError {
  return new FrameError("truncated", `expected whole frames in each message, got ${what}`);
}
