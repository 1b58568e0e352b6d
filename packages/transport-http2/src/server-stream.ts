import type { Stream, StreamClose, StreamHandler } from "@slipstream/h2";
import {
  type CallError,
  Ending,
  type Fields,
  noFields,
  RpcError,
  type ServerByteStream,
  type ServerStart,
  type StreamEnd,
} from "@slipstream/stream";
import { closeToCancel, ResetCode } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import { ReceiveHalf, type ReceiveHost } from "./receive-half.ts";
import type { Request } from "./received-request.ts";
import { headerFields, responseHead, success, successTrailer, trailerFields } from "./response.ts";
import { type SendEnd, SendHalf } from "./send-half.ts";

/** A cancel that comes so shortly before the deadline, or in its last tenth, is the client's own deadline. */
const nearDeadlineMs = 50;
const nearDeadlinePart = 0.1;

/** The server's end of a stream. */
export class ServerStream implements ServerByteStream, StreamHandler, ReceiveHost {
  readonly start: ServerStart;
  readonly isSingleCall: boolean;
  readonly #stream: Stream;
  readonly #request: Request;
  readonly #send: SendHalf;
  readonly #receive: ReceiveHalf;
  readonly #ended: Ending;
  readonly #sendsGzip: boolean;
  /** When the deadline is, on the clock of `performance.now`. */
  readonly #deadline: number;
  #hasResponded = false;
  #hasPeerEnded = false;
  /** Nothing more is written: the handler ended the call, or the client did. */
  #isOver = false;

  constructor(stream: Stream, request: Request, ended: Ending, options: ResolvedOptions) {
    this.start = request.start;
    this.isSingleCall = request.isSingleCall;
    this.#stream = stream;
    this.#request = request;
    this.#ended = ended;
    this.#sendsGzip = options.sendsGzip && request.acceptsGzip;
    this.#send = new SendHalf(options, this.#sendsGzip);
    this.#receive = new ReceiveHalf(this, options.maxMessageBytes);
    this.#receive.encoding = request.encoding;
    const { timeoutMs } = request.start;
    this.#deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  }

  // ServerByteStream.

  send(message: Uint8Array, release?: (message: Uint8Array) => void): Promise<void> | undefined {
    if (!this.#hasResponded) this.#respond(noFields);
    return this.#send.send(this.#stream, message, release);
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#receive.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#receive.tryRecv();
  }

  sendHeader(fields: Fields): void {
    this.#respond(fields);
  }

  end({ error, trailer, backward }: StreamEnd): void {
    this.#receive.discard(error);
    if (this.#isOver) return;
    this.#finish(error ?? "complete");
    const { isSlipstream } = this.start.peer;
    const fields = trailerFields(error, trailer, backward, isSlipstream);
    const stream = this.#stream;
    if (!this.#hasResponded) {
      this.#endAtOnce(error, fields);
    } else if (error === undefined) {
      stream.end(success, fields.length === 0 ? undefined : fields);
    } else {
      stream.end(undefined, fields);
    }
    this.#stopClient();
  }

  // ReceiveHost.

  consume(bytes: number): void {
    this.#stream.consume(bytes);
  }

  onBroken(error: RpcError): void {
    this.#receive.end(error);
    this.#ended.end(error);
  }

  // StreamHandler.

  onInformational(): void {}

  onHeaders(): void {}

  onData(chunk: Uint8Array, start: number, end: number): void {
    this.#receive.push(chunk, start, end);
  }

  onTrailers(): void {}

  onEnd(): void {
    this.#hasPeerEnded = true;
    this.#receive.end();
  }

  onDrain(): void {
    this.#send.onDrain();
    if (this.#isOver) this.#stopClient();
  }

  onClose(reason: StreamClose | undefined): void {
    this.#hasPeerEnded = true;
    if (this.#isOver) return;
    const error = closeToCancel(reason, this.#isNearDeadline());
    this.#finish(error);
    this.#receive.end(error);
    this.#ended.end(error);
  }

  /** The header section, unless it is sent or nobody would get it. */
  #respond(fields: Fields): void {
    if (this.#isOver || this.#hasResponded) return;
    this.#hasResponded = true;
    const { contentType, start } = this.#request;
    const head = responseHead(contentType, this.#sendsGzip);
    try {
      this.#stream.respond(head, headerFields(fields, start.peer.isSlipstream));
    } catch (thrown) {
      // Larger than the client takes: it is told so instead.
      const error = new RpcError(
        "resource_exhausted",
        `the header cannot be sent: ${(thrown as Error).message}`,
      );
      this.#finish(error);
      this.#endAtOnce(error, trailerFields(error, noFields, undefined, start.peer.isSlipstream));
      this.#stopClient();
      this.#receive.discard(error);
      this.#ended.end(error);
    }
  }

  /** Ends a call of which nothing was sent: header and trailer in one section. */
  #endAtOnce(error: CallError | undefined, fields: ReturnType<typeof trailerFields>): void {
    const head = responseHead(this.#request.contentType, false);
    try {
      this.#stream.respond(head, error === undefined ? successTrailer(fields) : fields, true);
    } catch {
      this.#stream.reset(ResetCode.internalError);
    }
  }

  /** The client need not go on sending to a call that is over. What we sent must have left before, or the reset would drop it. */
  #stopClient(): void {
    if (!this.#hasPeerEnded && this.#stream.bufferedBytes === 0) this.#stream.reset(ResetCode.noError);
  }

  #finish(end: CallError | SendEnd): void {
    this.#isOver = true;
    this.#send.end(end);
  }

  #isNearDeadline(): boolean {
    const { timeoutMs } = this.start;
    if (timeoutMs === undefined) return false;
    return this.#deadline - performance.now() <= Math.max(nearDeadlineMs, timeoutMs * nearDeadlinePart);
  }
}
