import {
  type ByteStream,
  type CallInfo,
  composeSend,
  isSendRefusal,
  type MessageCodec,
  type Middleware,
  type SendHandler,
} from "@slipstream/stream";
import { locate } from "./locate.ts";
import type { Trace } from "./trace.ts";

// What a send with room gives: one promise for all, since making one costs more than the rest of a small send.
const accepted = Promise.resolve();
const ignore = (): void => {};

type Release = (message: Uint8Array) => void;

/** A function of its own: V8 makes a function literal that is assigned to a property in the old generation, where it would hold a stream that is over. */
function releaseBy(codec: MessageCodec<unknown>): Release | undefined {
  return codec.release && ((message) => codec.release?.(message));
}

export interface MessageWriterInit {
  readonly bytes: Pick<ByteStream, "send">;
  readonly info: CallInfo;
  readonly codec: MessageCodec<unknown>;
  /** What stands for the codec's own. */
  readonly encode?: (message: unknown) => Uint8Array;
  readonly middleware: readonly Middleware[];
}

/** The sending half of a stream of messages, the same on both sides. */
export class MessageWriter {
  /** Set when a tracer wants stream events. */
  trace: Trace | undefined;
  /** Replaced when middleware passes another context on. */
  info: CallInfo;
  readonly #bytes: Pick<ByteStream, "send">;
  readonly #encode: (message: unknown) => Uint8Array;
  /** Gives the codec its memory back. */
  readonly #release: Release | undefined;
  /** Set when a middleware wants messages. */
  readonly #chain: SendHandler | undefined;
  /** Whether a send has failed because the call is over, as all later ones will. */
  #isOver = false;

  constructor({ bytes, info, codec, encode, middleware }: MessageWriterInit) {
    this.info = info;
    this.#bytes = bytes;
    this.#encode = encode ?? ((message) => codec.encode(message));
    this.#release = releaseBy(codec);
    if (middleware.some((entry) => entry.send)) {
      this.#chain = composeSend(middleware, (_, message) => this.#write(message));
    }
  }

  /** As `Outgoing.send`. */
  send(message: unknown): Promise<void> {
    let waiting: Promise<void> | undefined;
    try {
      waiting = this.#chain ? this.#chain(this.info, message) : this.#write(message);
    } catch (thrown) {
      const rejected = Promise.reject(locate(thrown, this.info));
      if (this.#isOver) rejected.catch(ignore);
      return rejected;
    }
    return waiting ? this.#untilRoom(waiting) : accepted;
  }

  /**
   * Sends the one message of its side, without waiting for room: there is nothing to hold back. Does not fail because the
   * call is over, which shows at recv.
   */
  async sendOnly(message: unknown): Promise<void> {
    try {
      if (this.#chain) await this.#chain(this.info, message);
      else void this.#write(message);
    } catch (thrown) {
      if (!this.#isOver) throw thrown;
    }
  }

  #write(message: unknown): Promise<void> | undefined {
    let size = 0;
    let waiting: Promise<void> | undefined;
    try {
      const bytes = this.#encode(message);
      size = bytes.length;
      waiting = this.#sendBytes(bytes);
    } catch (thrown) {
      const error = locate(thrown, this.info);
      this.trace?.event({ type: "send", bytes: size, error });
      throw error;
    }
    this.trace?.event({ type: "send", bytes: size });
    return waiting;
  }

  #sendBytes(bytes: Uint8Array): Promise<void> | undefined {
    try {
      const waiting = this.#bytes.send(bytes, this.#release);
      waiting?.catch(this.#over);
      return waiting;
    } catch (thrown) {
      if (!isSendRefusal(thrown)) this.#isOver = true;
      throw thrown;
    }
  }

  readonly #over = (): void => {
    this.#isOver = true;
  };

  /**
   * The end of the call reaches everybody through recv, so a send that nobody awaits may fail of it in silence. What is
   * this message's own fault must not: it would be lost unnoticed.
   */
  #untilRoom(waiting: Promise<void>): Promise<void> {
    const room = new Promise<void>((resolve, reject) => {
      waiting.then(resolve, (thrown: unknown) => {
        if (this.#isOver) room.catch(ignore);
        reject(locate(thrown, this.info));
      });
    });
    return room;
  }
}
