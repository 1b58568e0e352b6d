import type { Context } from "@slipstream/metainfo";
import {
  type BidiStreaming,
  type CallInfo,
  type ClientByteStream,
  type ClientStreaming,
  type Fields,
  Header,
  type Middleware,
  type RecvTimeout,
  RpcError,
  type ServerStreaming,
} from "@slipstream/stream";
import { locate } from "./locate.ts";
import { MessageReader } from "./message-reader.ts";
import { MessageWriter } from "./message-writer.ts";
import { reasonToError } from "./reasons.ts";
import type { Placed } from "./targets.ts";
import { TimedReceiver } from "./timed-receiver.ts";
import { resultOf, type Trace } from "./trace.ts";

export interface ClientStreamInit {
  readonly bytes: ClientByteStream;
  readonly info: CallInfo;
  /** Who chose the address, if anybody wants to know how it went. */
  readonly placed: Placed | undefined;
  readonly middleware: readonly Middleware[];
  readonly recvTimeout: number | RecvTimeout | undefined;
}

const done = Promise.resolve();
const ignore = (): void => {};

/**
 * The client's end of any streaming method. One class for the three kinds: their interfaces say which of its methods a
 * kind has.
 */
export class ClientMessageStream
  implements ClientStreaming<unknown, unknown>, ServerStreaming<unknown>, BidiStreaming<unknown, unknown>
{
  readonly info: CallInfo;
  readonly #bytes: ClientByteStream;
  readonly #placed: Placed | undefined;
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader;
  #trace: Trace | undefined;
  #isFinished = false;

  constructor({ bytes, info, placed, middleware, recvTimeout }: ClientStreamInit) {
    const { request, response } = info.descriptor;
    this.info = info;
    this.#bytes = bytes;
    this.#placed = placed;
    this.#writer = new MessageWriter({ bytes, info, codec: request, middleware });
    this.#reader = new MessageReader({
      bytes: recvTimeout === undefined ? bytes : timed(bytes, recvTimeout),
      info,
      codec: response,
      middleware,
      onEnd: (error) => this.#finish(error),
    });
    placed?.endsWith(bytes);
  }

  get context(): Context {
    return this.info.context;
  }

  /** Called once, when the stream has passed through the middleware. */
  attach(trace: Trace | undefined): void {
    if (!trace) return;
    this.#trace = trace;
    if (!trace.hasEvents) return;
    trace.watch(this.#bytes);
    this.#writer.trace = trace;
    this.#reader.trace = trace;
  }

  /** Sends the one request of a server streaming call, and half-closes. */
  async sendRequest(request: unknown): Promise<void> {
    await this.#writer.sendOnly(request);
    this.#bytes.closeSend();
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

  closeAndRecv(): Promise<unknown> {
    this.#bytes.closeSend();
    const response = this.#reader.recv().then((message) => {
      if (message === undefined) {
        throw locate(new RpcError("internal", "the call ended without a response; expected one"), this.info);
      }
      this.#finish(undefined);
      return message;
    });
    response.catch(ignore);
    return response;
  }

  header(): Promise<Header> {
    return this.#toHeader(this.#bytes.header());
  }

  trailer(): Promise<Header> {
    return this.#toHeader(this.#bytes.trailer());
  }

  cancel(reason?: unknown): void {
    const error = locate(toCancelError(reason), this.info) as RpcError;
    this.#bytes.cancel(error);
    this.#finish(error);
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

  #toHeader(fields: Promise<Fields>): Promise<Header> {
    const header = fields.then(toHeader, this.#relocate);
    // Nobody has to look at it: the same error comes from recv.
    header.catch(ignore);
    return header;
  }

  readonly #relocate = (thrown: unknown): never => {
    throw locate(thrown, this.info);
  };

  #finish(error: unknown): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#placed?.ended(error);
    this.#trace?.finishStream(resultOf(error));
  }
}

function timed(bytes: ClientByteStream, recvTimeout: number | RecvTimeout): TimedReceiver {
  const { timeoutMs, cancelRemote } =
    typeof recvTimeout === "number" ? { timeoutMs: recvTimeout, cancelRemote: true } : recvTimeout;
  return new TimedReceiver(bytes, timeoutMs, cancelRemote ? (error) => bytes.cancel(error) : undefined);
}

function toHeader(fields: Fields): Header {
  return fields.length === 0 ? Header.empty : new Header(fields);
}

/** The call's own error: what the user gives may serve several calls. */
function toCancelError(reason: unknown): RpcError {
  if (reason === undefined) return new RpcError("cancelled", "the caller cancelled the call");
  return reasonToError(reason);
}
