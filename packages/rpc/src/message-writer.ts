import {
  type ByteStream,
  type CallInfo,
  composeSend,
  type MessageCodec,
  type Middleware,
  RpcError,
  type SendHandler,
} from "@slipstream/stream";
import { locate } from "./locate.ts";
import type { Trace } from "./trace.ts";

// What a send with room gives: one promise for all, since making one costs more than the rest of a small send.
const accepted = Promise.resolve();

/** The sending half of a stream of messages, the same on both sides. */
export class MessageWriter {
  /** Set when a tracer wants stream events. */
  trace: Trace | undefined;
  readonly #bytes: ByteStream;
  readonly #info: CallInfo;
  readonly #codec: MessageCodec<unknown>;
  /** Set when a middleware wants messages. */
  readonly #chain: SendHandler | undefined;

  constructor(
    bytes: ByteStream,
    info: CallInfo,
    codec: MessageCodec<unknown>,
    middleware: readonly Middleware[],
  ) {
    this.#bytes = bytes;
    this.#info = info;
    this.#codec = codec;
    if (middleware.some((entry) => entry.send)) {
      this.#chain = composeSend(middleware, (_, message) => this.#write(message));
    }
  }

  /** As `Outgoing.send`. */
  send(message: unknown): Promise<void> {
    try {
      const waiting = this.#chain ? this.#chain(this.#info, message) : this.#write(message);
      return waiting ?? accepted;
    } catch (thrown) {
      return this.#reject(thrown);
    }
  }

  #write(message: unknown): Promise<void> | undefined {
    let size = 0;
    try {
      const bytes = this.#codec.encode(message);
      size = bytes.byteLength;
      const waiting = this.#bytes.send(bytes);
      this.trace?.event({ type: "send", bytes: size });
      return waiting;
    } catch (error) {
      this.trace?.event({ type: "send", bytes: size, error });
      throw error;
    }
  }

  #reject(thrown: unknown): Promise<void> {
    const rejected = Promise.reject(locate(thrown, this.#info));
    // The end of the call reaches everybody through recv, so a send that nobody awaits may fail of it in silence. What is
    // this message's own fault (it does not fit its type, or the buffer) must not.
    if (!(thrown instanceof RpcError) || !isOwnFault(thrown)) rejected.catch(() => {});
    return rejected;
  }
}

function isOwnFault(error: RpcError): boolean {
  return error.code === "invalid_argument" || error.code === "resource_exhausted";
}
