import {
  type BidiServerStream,
  type CallInfo,
  type Fields,
  type Middleware,
  type ServerByteStream,
} from "@slipstream/stream";
import { MessageReader } from "../message-reader.ts";
import { MessageWriter } from "../message-writer.ts";
import type { Trace } from "../trace.ts";
import { CallScope } from "./call-scope.ts";

/** The handler's end of any streaming method: the kinds' interfaces say which of its methods a kind has. */
export class ServerMessageStream extends CallScope implements BidiServerStream<unknown, unknown> {
  readonly #bytes: ServerByteStream;
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader;
  #isHeaderFlushed = false;

  constructor(
    bytes: ServerByteStream,
    info: CallInfo,
    {
      maxMetadataBytes,
      middleware,
    }: { readonly maxMetadataBytes: number; readonly middleware: readonly Middleware[] },
    trace: Trace | undefined,
  ) {
    super(info, maxMetadataBytes);
    this.#bytes = bytes;
    this.#writer = new MessageWriter(bytes, info, info.descriptor.response, middleware);
    this.#reader = new MessageReader({ bytes, info, codec: info.descriptor.request, middleware });
    if (trace?.hasEvents) {
      this.#writer.trace = trace;
      this.#reader.trace = trace;
    }
  }

  send(message: unknown): Promise<void> {
    if (!this.#isHeaderFlushed) {
      this.#isHeaderFlushed = true;
      this.flushHeader();
    }
    return this.#writer.send(message);
  }

  recv(): Promise<unknown> {
    return this.#reader.recv();
  }

  tryRecv(): unknown {
    return this.#reader.tryRecv();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#reader.iterate(stopReading);
  }

  protected override writeHeader(fields: Fields): void {
    this.#bytes.sendHeader(fields);
  }
}

// Leaving the loop leaves the call as it is: the transport drops what nobody reads when the handler ends.
const stopReading = (): void => {};
