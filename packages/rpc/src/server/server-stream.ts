import type { BidiServerStream, CallInfo, Middleware, ServerByteStream } from "@slipstream/stream";
import { MessageReader } from "../message-reader.ts";
import { MessageWriter } from "../message-writer.ts";
import type { Trace } from "../trace.ts";
import { CallScope } from "./call-scope.ts";
import type { Entry } from "./registry.ts";

/** The handler's end of any streaming method: the kinds' interfaces say which of its methods a kind has. */
export class ServerMessageStream extends CallScope implements BidiServerStream<unknown, unknown> {
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader;

  constructor(
    bytes: ServerByteStream,
    { method, encodeResponse }: Entry,
    info: CallInfo,
    {
      maxMetadataBytes,
      middleware,
    }: { readonly maxMetadataBytes: number; readonly middleware: readonly Middleware[] },
    trace: Trace | undefined,
  ) {
    super(info, maxMetadataBytes, (fields) => bytes.sendHeader(fields));
    this.#writer = new MessageWriter({
      bytes,
      info,
      codec: method.response,
      encode: encodeResponse,
      middleware,
    });
    this.#reader = new MessageReader({ bytes, info, codec: method.request, middleware });
    if (trace?.hasEvents) {
      this.#writer.trace = trace;
      this.#reader.trace = trace;
    }
  }

  override adopt(info: CallInfo): void {
    super.adopt(info);
    this.#writer.info = info;
    this.#reader.info = info;
  }

  send(message: unknown): Promise<void> {
    this.flushHeader();
    return this.#writer.send(message);
  }

  recv(): Promise<unknown> {
    return this.#reader.recv();
  }

  tryRecv(): unknown {
    return this.#reader.tryRecv();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#reader.iterate(() => this.#reader.discard());
  }
}
