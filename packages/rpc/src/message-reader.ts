import {
  BizStatusError,
  type ByteStream,
  type CallInfo,
  composeRecv,
  type MessageCodec,
  type Middleware,
  type RecvHandler,
  type RecvTimeout,
  RpcError,
} from "@slipstream/stream";
import { locate } from "./locate.ts";
import type { Trace } from "./trace.ts";

/** Kitex's number of a receive timeout. */
const recvTimeoutNumber = 12014;

export interface MessageReaderInit {
  readonly bytes: ByteStream;
  readonly info: CallInfo;
  readonly codec: MessageCodec<unknown>;
  readonly middleware: readonly Middleware[];
  readonly recvTimeout?: number | RecvTimeout | undefined;
  /** The end has been read, or an error: `undefined` for an orderly end. */
  readonly onEnd?: (error: unknown) => void;
  /** A recv took too long, and the call is to be cancelled for it. */
  readonly onTimeout?: (error: RpcError) => void;
}

/** The receiving half of a stream of messages, the same on both sides. */
export class MessageReader {
  /** Set when a tracer wants stream events. */
  trace: Trace | undefined;
  readonly #bytes: ByteStream;
  readonly #info: CallInfo;
  readonly #codec: MessageCodec<unknown>;
  readonly #onEnd: ((error: unknown) => void) | undefined;
  readonly #onTimeout: ((error: RpcError) => void) | undefined;
  readonly #timeout: RecvTimeout | undefined;
  /** Set when a middleware wants messages. */
  readonly #chain: RecvHandler | undefined;
  /** A message that a timed-out recv was waiting for: it belongs to the next one. */
  #abandoned: Promise<Uint8Array | undefined>[] = [];

  constructor({ bytes, info, codec, middleware, recvTimeout, onEnd, onTimeout }: MessageReaderInit) {
    this.#bytes = bytes;
    this.#info = info;
    this.#codec = codec;
    this.#onEnd = onEnd;
    this.#onTimeout = onTimeout;
    this.#timeout =
      typeof recvTimeout === "number" ? { timeoutMs: recvTimeout, cancelRemote: true } : recvTimeout;
    if (middleware.some((entry) => entry.recv)) {
      this.#chain = composeRecv(middleware, () => this.#readForMiddleware());
    }
  }

  /** As `Incoming.recv`. */
  recv(): Promise<unknown> {
    return this.#chain ? this.#recvThroughChain(this.#chain) : this.#read();
  }

  /** As `Incoming.tryRecv`; with middleware or a pending recv there is nothing to be had without waiting. */
  tryRecv(): unknown {
    if (this.#chain || this.#abandoned.length > 0) return undefined;
    const bytes = this.#bytes.tryRecv();
    return bytes === undefined ? undefined : this.#decode(bytes);
  }

  /** For `for await`; `leave` is called when the loop is left before the end. */
  iterate(leave: () => void): AsyncIterator<unknown> {
    return new MessageIterator(this, leave);
  }

  #read(): Promise<unknown> {
    let bytes: ReturnType<ByteStream["recv"]>;
    try {
      bytes = this.#abandoned.shift() ?? this.#bytes.recv();
    } catch (thrown) {
      return Promise.reject(this.#ended(thrown));
    }
    if (bytes instanceof Promise) {
      const waiting = this.#timeout ? this.#withTimeout(bytes, this.#timeout) : bytes;
      return waiting.then(this.#received, this.#failed);
    }
    try {
      return Promise.resolve(this.#received(bytes));
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  readonly #received = (bytes: Uint8Array | undefined): unknown => {
    if (bytes !== undefined) return this.#decode(bytes);
    this.#onEnd?.(undefined);
    return undefined;
  };

  readonly #failed = (thrown: unknown): never => {
    throw this.#ended(thrown);
  };

  /** The call's own end. A recv that timed out alone does not end it. */
  #ended(thrown: unknown): unknown {
    if (thrown instanceof RpcError && thrown.retryable && thrown.origin?.ttstream === recvTimeoutNumber)
      return thrown;
    if (thrown instanceof RpcError) this.trace?.event({ type: "recv", bytes: 0, error: thrown });
    if (thrown instanceof BizStatusError) this.#info.bizStatus = thrown;
    this.#onEnd?.(thrown);
    return locate(thrown, this.#info);
  }

  /** A message that cannot be decoded fails its recv; the stream goes on. */
  #decode(bytes: Uint8Array): unknown {
    try {
      const message = this.#codec.decode(bytes);
      this.trace?.event({ type: "recv", bytes: bytes.byteLength });
      return message;
    } catch (error) {
      this.trace?.event({ type: "recv", bytes: bytes.byteLength, error });
      throw locate(error, this.#info);
    }
  }

  async #recvThroughChain(chain: RecvHandler): Promise<unknown> {
    const message = await chain(this.#info);
    if (message === undefined && this.#info.bizStatus) throw this.#info.bizStatus;
    return message;
  }

  async #readForMiddleware(): Promise<unknown> {
    try {
      return await this.#read();
    } catch (thrown) {
      if (thrown instanceof BizStatusError) return undefined;
      throw thrown;
    }
  }

  #withTimeout(
    bytes: Promise<Uint8Array | undefined>,
    timeout: RecvTimeout,
  ): Promise<Uint8Array | undefined> {
    const { timeoutMs, cancelRemote } = timeout;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new RpcError("deadline_exceeded", `no message within recvTimeoutMs (${timeoutMs})`, {
          origin: { ttstream: recvTimeoutNumber, side: "client" },
          retryable: !cancelRemote,
        });
        if (cancelRemote) this.#onTimeout?.(error);
        else this.#abandoned.push(bytes);
        reject(error);
      }, timeoutMs);
      bytes.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** An iterator of its own, since an async generator costs twice as much for each message. */
class MessageIterator implements AsyncIterator<unknown> {
  readonly #reader: MessageReader;
  readonly #leave: () => void;

  constructor(reader: MessageReader, leave: () => void) {
    this.#reader = reader;
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
    return this.#reader.recv().then(toResult, this.#failed);
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
