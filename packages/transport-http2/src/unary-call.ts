import type { Fields as H2Fields, Stream, StreamClose, StreamHandler } from "@slipstream/h2";
import {
  type CallError,
  type CallStart,
  type Fields,
  messageTooLarge,
  noFields,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import { type ClientConnection, openFailure } from "./client-connection.ts";
import { compress, decompress, type Encoding } from "./compression.ts";
import { cancelToReset, closeToError, ResetCode } from "./errors.ts";
import { MessageParser, type MessageSink, messagePrefix, onlyMessage } from "./message-parser.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Opening } from "./pool.ts";
import { checkResponse, type ResponseReader } from "./received-response.ts";

/** One request and its reply. */
export class UnaryCall implements StreamHandler, MessageSink, Opening {
  /** Settles with the end of the call; for a oneway, when the request is written. */
  readonly reply: Promise<Reply | undefined>;
  readonly #start: CallStart;
  readonly #options: ResolvedOptions;
  readonly #isOneway: boolean;
  #request: Uint8Array | undefined;
  #resolve!: (reply: Reply | undefined) => void;
  #reject!: (error: RpcError) => void;
  #stream!: Stream;
  #responses!: ResponseReader;
  #stopWatching: (() => void) | undefined;
  #parser: MessageParser | undefined;
  #encoding: Encoding = "identity";
  #header: Fields = noFields;
  #message: Uint8Array | undefined;
  #isOver = false;

  constructor(start: CallStart, request: Uint8Array, isOneway: boolean, options: ResolvedOptions) {
    this.#start = start;
    this.#request = request;
    this.#isOneway = isOneway;
    this.#options = options;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  // Opening.

  open(connection: ClientConnection): void {
    const request = this.#request as Uint8Array;
    this.#request = undefined;
    const { maxMessageBytes, sendsGzip } = this.#options;
    if (request.length > maxMessageBytes) {
      this.#reject(messageTooLarge(request.length, maxMessageBytes));
      return;
    }
    try {
      this.#responses = connection.responses;
      this.#stream = connection.requests.open(connection.session, this, this.#start, true);
    } catch (thrown) {
      this.#reject(openFailure(thrown, connection.peer.address));
      return;
    }
    const payload = sendsGzip ? compress(request) : request;
    this.#stream.write(payload, messagePrefix(payload.length, sendsGzip));
    this.#stream.end();
    if (this.#isOneway) this.#leave();
    else this.#stopWatching = this.#start.ended.onEnd((reason) => this.#break(reason, cancelToReset(reason)));
  }

  fail(error: RpcError): void {
    this.#reject(error);
  }

  /** Nobody hears of a oneway's end, and the handler that sent it may return before it was served. */
  #leave(): void {
    this.#resolve(undefined);
    const limit = Math.min(this.#options.onewayTimeoutMs, this.#start.timeoutMs ?? Infinity);
    const text = `the server did not end the oneway call within ${limit} ms`;
    const timer = setTimeout(() => this.#break(new RpcError("deadline_exceeded", text)), limit);
    timer.unref();
    this.#stopWatching = clearTimeout.bind(undefined, timer);
  }

  // StreamHandler.

  onInformational(): void {}

  onHeaders(fields: H2Fields, endStream: boolean): void {
    if (endStream) {
      const error = checkResponse(fields);
      if (error === undefined) this.onTrailers(fields);
      else this.#break(error);
      return;
    }
    try {
      const head = this.#responses.head(fields);
      this.#encoding = head.encoding;
      this.#header = head.fields;
    } catch (thrown) {
      this.#break(RpcError.from(thrown));
    }
  }

  onData(chunk: Uint8Array, start: number, end: number): void {
    this.#stream.consume(end - start);
    if (this.#isOver) return;
    const { maxMessageBytes } = this.#options;
    if (this.#parser === undefined && this.#message === undefined) {
      this.#message = onlyMessage(chunk, start, end, maxMessageBytes);
      if (this.#message !== undefined) return;
    }
    this.#parser ??= new MessageParser(maxMessageBytes, this);
    try {
      this.#parser.push(chunk, start, end);
    } catch (thrown) {
      this.#break(RpcError.from(thrown));
    }
  }

  onMessage(message: Uint8Array, isCompressed: boolean): void {
    if (this.#message !== undefined) {
      throw new RpcError("internal", "the call has more than one response; expected one");
    }
    this.#message = isCompressed ? this.#unpack(message) : message;
  }

  #unpack(message: Uint8Array): Uint8Array {
    if (this.#encoding === "gzip") return decompress(message, this.#options.maxMessageBytes);
    throw new RpcError(
      "internal",
      "a message is marked as compressed, and grpc-encoding names no compression",
    );
  }

  onTrailers(fields: H2Fields): void {
    if (this.#isOver) return;
    try {
      const { error, fields: trailer, backward } = this.#responses.trailer(fields);
      const outcome = this.#outcome(error);
      this.#finish();
      this.#resolve({ outcome, header: this.#header, trailer, backward });
    } catch (thrown) {
      this.#break(RpcError.from(thrown));
    }
  }

  #outcome(error: CallError | undefined): Reply["outcome"] {
    if (error !== undefined) return { error };
    if (this.#parser?.isPartial === true) {
      return { error: new RpcError("internal", "the server ended the call in the middle of its response") };
    }
    if (this.#message !== undefined) return { message: this.#message };
    return { error: new RpcError("internal", "the call ended without a response; expected one") };
  }

  onEnd(): void {
    if (!this.#isOver) this.#break(closeToError(undefined), ResetCode.noError);
  }

  onDrain(): void {}

  onClose(reason: StreamClose | undefined): void {
    if (this.#isOver) return;
    this.#finish();
    this.#reject(closeToError(reason));
  }

  /** Ends the call from here, unless it is over. */
  #break(error: RpcError, resetCode: number = ResetCode.cancel): void {
    if (this.#isOver) return;
    this.#finish();
    this.#reject(error);
    this.#stream.reset(resetCode);
  }

  #finish(): void {
    this.#isOver = true;
    this.#stopWatching?.();
  }
}
