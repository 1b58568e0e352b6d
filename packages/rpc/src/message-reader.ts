import {
  BizStatusError,
  type ByteStream,
  type CallInfo,
  composeRecv,
  type MessageCodec,
  type Middleware,
  type RecvHandler,
} from "@slipstream/stream";
import { locate } from "./locate.ts";
import { isRecvAlone } from "./timed-receiver.ts";
import type { Trace } from "./trace.ts";

export interface MessageReaderInit {
  readonly bytes: Pick<ByteStream, "recv" | "tryRecv">;
  readonly info: CallInfo;
  readonly codec: MessageCodec<unknown>;
  readonly middleware: readonly Middleware[];
  /** The end has been read, or an error: `undefined` for an orderly end. */
  readonly onEnd?: (error: unknown) => void;
}

const none = Promise.resolve(undefined);
const ignore = (): void => {};

/** The receiving half of a stream of messages, the same on both sides. */
export class MessageReader {
  /** Set when a tracer wants stream events. */
  trace: Trace | undefined;
  /** Replaced when middleware passes another context on. */
  info: CallInfo;
  readonly #bytes: Pick<ByteStream, "recv" | "tryRecv">;
  readonly #codec: MessageCodec<unknown>;
  readonly #onEnd: ((error: unknown) => void) | undefined;
  /** Set when a middleware wants messages. */
  readonly #chain: RecvHandler | undefined;
  #isDiscarding = false;

  constructor({ bytes, info, codec, middleware, onEnd }: MessageReaderInit) {
    this.info = info;
    this.#bytes = bytes;
    this.#codec = codec;
    this.#onEnd = onEnd;
    if (middleware.some((entry) => entry.recv)) {
      this.#chain = composeRecv(middleware, () => this.#readForMiddleware());
    }
  }

  /** As `Incoming.recv`. */
  recv(): Promise<unknown> {
    let next: Promise<unknown>;
    try {
      const message = this.tryRecv();
      if (message !== undefined) return Promise.resolve(message);
      next = this.#next(same, rethrow);
    } catch (thrown) {
      next = Promise.reject(thrown);
    }
    // One that is asked for ahead of its time may fail before anybody looks at it; the next recv fails alike.
    next.catch(ignore);
    return next;
  }

  /** As `Incoming.tryRecv`; with middleware there is nothing to be had without waiting. */
  tryRecv(): unknown {
    if (this.#chain || this.#isDiscarding) return undefined;
    const bytes = this.#bytes.tryRecv();
    return bytes === undefined ? undefined : this.#decode(bytes);
  }

  /** For `for await`; `leave` is called when the loop is left before the end. */
  iterate(leave: () => void): AsyncIterator<unknown> {
    return new MessageIterator(this, (onMessage, onError) => this.#next(onMessage, onError), leave);
  }

  /** Reads no more: what comes is dropped, so that whoever sends it does not wait for room. */
  discard(): void {
    if (this.#isDiscarding) return;
    this.#isDiscarding = true;
    void this.#drop();
  }

  /** What is made of the next message, or of the error. All in one promise beside the transport's: most of what waiting costs. */
  #next<T>(onMessage: (message: unknown) => T, onError: (error: unknown) => T): Promise<T> {
    if (this.#isDiscarding) return none.then(onMessage);
    return this.#chain
      ? this.#recvThroughChain(this.#chain).then(onMessage, onError)
      : this.#read(onMessage, onError);
  }

  #read<T>(onMessage: (message: unknown) => T, onError: (error: unknown) => T): Promise<T> {
    const received = (bytes: Uint8Array | undefined): T => {
      let message: unknown;
      try {
        if (bytes === undefined) this.#onEnd?.(undefined);
        else message = this.#decode(bytes);
      } catch (thrown) {
        return onError(thrown);
      }
      return onMessage(message);
    };
    let bytes: ReturnType<ByteStream["recv"]>;
    try {
      bytes = this.#bytes.recv();
    } catch (thrown) {
      bytes = Promise.reject(thrown as Error);
    }
    return Promise.resolve(bytes).then(received, (thrown: unknown) => onError(this.#ended(thrown)));
  }

  /** Says that the call is over, unless only this recv failed. */
  #ended(thrown: unknown): unknown {
    const located = locate(thrown, this.info);
    if (thrown instanceof BizStatusError) this.info.bizStatus = thrown;
    else this.trace?.event({ type: "recv", bytes: 0, error: located });
    if (!isRecvAlone(thrown)) this.#onEnd?.(located);
    return located;
  }

  /** A message that cannot be decoded fails its recv; the stream goes on. */
  #decode(bytes: Uint8Array): unknown {
    let message: unknown;
    try {
      message = this.#codec.decode(bytes, true);
    } catch (thrown) {
      const error = locate(thrown, this.info);
      this.trace?.event({ type: "recv", bytes: bytes.byteLength, error });
      throw error;
    }
    this.trace?.event({ type: "recv", bytes: bytes.byteLength });
    return message;
  }

  async #recvThroughChain(chain: RecvHandler): Promise<unknown> {
    const message = await chain(this.info);
    if (message === undefined && this.info.bizStatus) throw this.info.bizStatus;
    return message;
  }

  async #readForMiddleware(): Promise<unknown> {
    try {
      return await this.#read(same, rethrow);
    } catch (thrown) {
      if (thrown instanceof BizStatusError) return undefined;
      throw thrown;
    }
  }

  async #drop(): Promise<void> {
    try {
      while ((await this.#bytes.recv()) !== undefined);
    } catch {
      // The call is over, which its handler hears by other ways.
    }
  }
}

function same<T>(value: T): T {
  return value;
}

function rethrow(error: unknown): never {
  throw error;
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined };

type Next = (
  onMessage: (message: unknown) => IteratorResult<unknown>,
  onError: (error: unknown) => never,
) => Promise<IteratorResult<unknown>>;

/** An iterator of its own, since an async generator costs twice as much for each message. */
class MessageIterator implements AsyncIterator<unknown> {
  readonly #reader: MessageReader;
  readonly #next: Next;
  readonly #leave: () => void;

  constructor(reader: MessageReader, next: Next, leave: () => void) {
    this.#reader = reader;
    this.#next = next;
    this.#leave = leave;
  }

  next(): Promise<IteratorResult<unknown>> {
    let message: unknown;
    try {
      message = this.#reader.tryRecv();
    } catch (thrown) {
      this.#leave();
      return Promise.reject(thrown);
    }
    if (message !== undefined) return Promise.resolve({ done: false, value: message });
    return this.#next(toResult, this.#failed);
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#leave();
    return Promise.resolve(end);
  }

  readonly #failed = (thrown: unknown): never => {
    // The loop ends here without calling return, so what is still open must be closed.
    this.#leave();
    throw thrown;
  };
}

function toResult(message: unknown): IteratorResult<unknown> {
  return message === undefined ? end : { done: false, value: message };
}
