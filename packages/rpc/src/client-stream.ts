import type { Context } from "@slipstream/metainfo";
import {
  type BidiStreaming,
  BizStatusError,
  type CallInfo,
  type ClientByteStream,
  type ClientStreaming,
  Header,
  type Middleware,
  type Pick,
  type RecvTimeout,
  RpcError,
  type ServerStreaming,
} from "@slipstream/stream";
import { locate } from "./locate.ts";
import { MessageReader } from "./message-reader.ts";
import { MessageWriter } from "./message-writer.ts";
import { resultOf, type Trace } from "./trace.ts";

export interface ClientStreamInit {
  readonly bytes: ClientByteStream;
  readonly info: CallInfo;
  readonly pick: Pick;
  readonly middleware: readonly Middleware[];
  readonly recvTimeout: number | RecvTimeout | undefined;
}

/**
 * The client's end of any streaming method. One class for the three kinds: their interfaces say which of its methods a
 * kind has.
 */
export class ClientMessageStream
  implements ClientStreaming<unknown, unknown>, ServerStreaming<unknown>, BidiStreaming<unknown, unknown>
{
  readonly info: CallInfo;
  readonly #bytes: ClientByteStream;
  readonly #pick: Pick;
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader;
  #trace: Trace | undefined;
  #isFinished = false;

  constructor({ bytes, info, pick, middleware, recvTimeout }: ClientStreamInit) {
    this.info = info;
    this.#bytes = bytes;
    this.#pick = pick;
    this.#writer = new MessageWriter(bytes, info, info.descriptor.request, middleware);
    this.#reader = new MessageReader({
      bytes,
      info,
      codec: info.descriptor.response,
      middleware,
      recvTimeout,
      onEnd: (error) => this.#finish(error),
      onTimeout: (error) => bytes.cancel(error),
    });
  }

  get context(): Context {
    return this.info.context;
  }

  /** Called once, when the stream has passed through the middleware. */
  attach(trace: Trace | undefined): void {
    if (!trace) return;
    this.#trace = trace;
    trace.watch(this.#bytes);
    if (trace.hasEvents) {
      this.#writer.trace = trace;
      this.#reader.trace = trace;
    }
  }

  send(message: unknown): Promise<void> {
    return this.#writer.send(message);
  }

  closeSend(): Promise<void> {
    this.#bytes.closeSend();
    return done;
  }

  recv(): Promise<unknown> {
    return this.#reader.recv();
  }

  tryRecv(): unknown {
    return this.#reader.tryRecv();
  }

  async closeAndRecv(): Promise<unknown> {
    this.#bytes.closeSend();
    const message = await this.#reader.recv();
    if (message === undefined) {
      throw locate(new RpcError("internal", "the call ended without a response; expected one"), this.info);
    }
    this.#finish(undefined);
    return message;
  }

  header(): Promise<Header> {
    return this.#bytes.header().then(toHeader, this.#relocate);
  }

  trailer(): Promise<Header> {
    return this.#bytes.trailer().then(toHeader, this.#relocate);
  }

  cancel(reason?: unknown): void {
    this.#bytes.cancel(toCancelError(reason));
  }

  finish(error?: unknown): void {
    this.#finish(error === undefined ? undefined : RpcError.from(error));
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#reader.iterate(() => this.cancel("the reader left the stream early"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cancel("the stream was disposed of before its end");
    return done;
  }

  readonly #relocate = (thrown: unknown): never => {
    throw locate(thrown, this.info);
  };

  #finish(error: unknown): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#trace?.finish(resultOf(error));
    this.#pick.done?.({
      phase: "ended",
      error: error instanceof RpcError || error instanceof BizStatusError ? error : undefined,
    });
  }
}

const done = Promise.resolve();

function toHeader(fields: ConstructorParameters<typeof Header>[0]): Header {
  return fields.length === 0 ? Header.empty : new Header(fields);
}

function toCancelError(reason: unknown): RpcError {
  if (reason instanceof RpcError) return reason;
  if (reason === undefined) return new RpcError("cancelled", "the caller cancelled the call");
  return new RpcError("cancelled", reason instanceof Error ? reason.message : String(reason), {
    cause: reason,
  });
}
