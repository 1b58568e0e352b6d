import type { Fields as H2Fields, Stream, StreamClose, StreamHandler } from "@slipstream/h2";
import {
  type Ending,
  messageTooLarge,
  type Reply,
  type RpcError,
  type ServerByteCall,
  type ServerHandler,
} from "@slipstream/stream";
import { Answer } from "./answer.ts";
import { compress } from "./compression.ts";
import { messagePrefix, onlyMessage, prefixBytes } from "./message-parser.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Request } from "./received-request.ts";
import { ServerStream } from "./server-stream.ts";

const noBytes: Uint8Array = new Uint8Array(0);

/**
 * A call that its client says is a single one. Nearly always all of it comes in one piece, header section, message and end: then
 * it is served without what a stream needs. When it does not, it is served as the stream that it is.
 */
export class ServerCall extends Answer implements ServerByteCall, StreamHandler {
  request: Uint8Array = noBytes;
  readonly #head: Request;
  readonly #ended: Ending;
  readonly #options: ResolvedOptions;
  readonly #handler: ServerHandler;
  #isServed = false;
  #hasMessage = false;
  #asStream: ServerStream | undefined;

  constructor(
    stream: Stream,
    request: Request,
    ended: Ending,
    options: ResolvedOptions,
    handler: ServerHandler,
  ) {
    super(stream, request, ended, options);
    this.#head = request;
    this.#ended = ended;
    this.#options = options;
    this.#handler = handler;
  }

  /** Nothing more of it came with its header section: it is served now, whatever there is of it. */
  waitNoLonger(): void {
    if (!this.#isServed) this.#serveAsStream();
  }

  #serveAsStream(): ServerStream {
    this.#isServed = true;
    const served = new ServerStream(this.stream, this.#head, this.#ended, this.#options);
    this.#asStream = served;
    this.#handler.stream(served);
    if (this.#hasMessage) {
      const { buffer, byteOffset, length } = this.request;
      this.request = noBytes;
      const piece = new Uint8Array(buffer, byteOffset - prefixBytes, prefixBytes + length);
      served.onData(piece, 0, piece.length);
    }
    return served;
  }

  // ServerByteCall.

  reply(reply: Reply | undefined): void {
    if (this.isOver) return;
    if (reply === undefined) {
      this.finish(undefined, [], undefined);
      return;
    }
    const { outcome, header, trailer, backward } = reply;
    let error = "error" in outcome ? outcome.error : undefined;
    if (error === undefined || header.length > 0) this.respond(header);
    if ("message" in outcome) error = this.#send(outcome.message);
    // A header or a message that cannot be sent may have ended the call.
    if (!this.isOver) this.finish(error, trailer, backward);
  }

  /** Returns what is wrong with the message; it is not sent then. */
  #send(message: Uint8Array): RpcError | undefined {
    const { maxMessageBytes } = this.#options;
    if (message.length > maxMessageBytes) return messageTooLarge(message.length, maxMessageBytes);
    const payload = this.sendsGzip ? compress(message) : message;
    this.stream.write(payload, messagePrefix(payload.length, this.sendsGzip));
    return undefined;
  }

  // StreamHandler.

  onInformational(): void {}

  onHeaders(): void {}

  onData(chunk: Uint8Array, start: number, end: number): void {
    if (this.#isServed || this.#hasMessage) {
      (this.#asStream ?? this.#serveAsStream()).onData(chunk, start, end);
      return;
    }
    const message = onlyMessage(chunk, start, end, this.#options.maxMessageBytes);
    if (message === undefined) {
      this.#serveAsStream().onData(chunk, start, end);
    } else {
      this.#hasMessage = true;
      this.request = message;
    }
  }

  onTrailers(_: H2Fields): void {}

  onEnd(): void {
    this.hasPeerEnded = true;
    if (this.#isServed || !this.#hasMessage) {
      (this.#asStream ?? this.#serveAsStream()).onEnd();
      return;
    }
    this.#isServed = true;
    this.stream.consume(prefixBytes + this.request.length);
    this.#handler.call(this);
  }

  onDrain(): void {
    this.#asStream?.onDrain();
  }

  override onClose(reason: StreamClose | undefined): void {
    if (this.#asStream !== undefined) this.#asStream.onClose(reason);
    else {
      this.#isServed = true;
      super.onClose(reason);
    }
  }

  /** Who serves it hears of it by `start.ended`. */
  protected override cut(): void {}
}
