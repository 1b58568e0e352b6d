import type { Fields as H2Fields, Stream, StreamClose, StreamHandler } from "@slipstream/h2";
import {
  type CallStart,
  type ClientByteStream,
  type Fields,
  Latch,
  noFields,
  type Peer,
  RpcError,
} from "@slipstream/stream";
import { type ClientConnection, openFailure } from "./client-connection.ts";
import { cancelToReset, closeToError, ResetCode } from "./errors.ts";
import type { Opening } from "./pool.ts";
import { ReceiveHalf, type ReceiveHost } from "./receive-half.ts";
import { checkResponse, type ResponseReader, type Trailer } from "./received-response.ts";
import { SendHalf, type SendLimits } from "./send-half.ts";

/** The client's end of a stream. */
export class ClientStream implements ClientByteStream, StreamHandler, ReceiveHost, Opening {
  readonly #start: CallStart;
  readonly #opened: (stream: ClientByteStream) => void;
  readonly #failed: (error: RpcError) => void;
  readonly #send: SendHalf;
  readonly #receive: ReceiveHalf;
  readonly #header: Latch<Fields> = new Latch();
  readonly #trailer: Latch<Fields> = new Latch();
  #stream!: Stream;
  #peer!: Peer;
  #responses!: ResponseReader;
  #stopWatching: (() => void) | undefined;
  #isHalfClosed = false;
  /** The call is over, with the server's trailer or without. */
  #isOver = false;

  /**
   * `opened` or `failed` is called, once. Two functions, no literal that has both: after many streams that stay open, V8 would make
   * it in the old generation, where it would hold streams that are over.
   */
  constructor(
    start: CallStart,
    opened: (stream: ClientByteStream) => void,
    failed: (error: RpcError) => void,
    limits: SendLimits & { readonly sendsGzip: boolean },
  ) {
    this.#start = start;
    this.#opened = opened;
    this.#failed = failed;
    this.#send = new SendHalf(limits, limits.sendsGzip);
    this.#receive = new ReceiveHalf(this, limits.maxMessageBytes);
  }

  // Opening.

  open(connection: ClientConnection): void {
    const { ended } = this.#start;
    try {
      this.#peer = connection.peer;
      this.#responses = connection.responses;
      this.#stream = connection.requests.open(connection.session, this, this.#start, false);
    } catch (thrown) {
      this.#failed(openFailure(thrown, connection.peer.address));
      return;
    }
    this.#stopWatching = ended.onEnd((reason) => this.cancel(reason));
    this.#opened(this);
  }

  fail(error: RpcError): void {
    this.#failed(error);
  }

  // ClientByteStream.

  get peer(): Peer {
    return this.#peer;
  }

  send(message: Uint8Array, release?: (message: Uint8Array) => void): Promise<void> | undefined {
    return this.#send.send(this.#stream, message, release);
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#receive.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#receive.tryRecv();
  }

  closeSend(): void {
    if (this.#isHalfClosed || this.#isOver) return;
    this.#isHalfClosed = true;
    this.#send.close();
    this.#stream.end();
  }

  header(): Promise<Fields> {
    return this.#header.promise;
  }

  trailer(): Promise<Fields> {
    return this.#trailer.promise;
  }

  cancel(reason: RpcError): void {
    this.#break(reason, cancelToReset(reason));
  }

  // ReceiveHost.

  consume(bytes: number): void {
    this.#stream.consume(bytes);
  }

  onBroken(error: RpcError): void {
    this.#break(error, ResetCode.cancel);
  }

  // StreamHandler.

  onInformational(): void {}

  onHeaders(fields: H2Fields, endStream: boolean): void {
    if (endStream) {
      const error = checkResponse(fields);
      if (error === undefined) this.onTrailers(fields);
      else this.#break(error, ResetCode.cancel);
      return;
    }
    try {
      const head = this.#responses.head(fields);
      this.#receive.encoding = head.encoding;
      this.#header.resolve(head.fields);
    } catch (thrown) {
      this.#break(RpcError.from(thrown), ResetCode.cancel);
    }
  }

  onData(chunk: Uint8Array, start: number, end: number): void {
    this.#receive.push(chunk, start, end);
  }

  onTrailers(fields: H2Fields): void {
    if (this.#isOver) return;
    let trailer: Trailer;
    try {
      trailer = this.#responses.trailer(fields);
    } catch (thrown) {
      this.#break(RpcError.from(thrown), ResetCode.cancel);
      return;
    }
    this.#finish();
    this.#header.resolve(noFields);
    const { error } = trailer;
    this.#trailer.resolve(trailer.fields);
    this.#receive.end(error);
    this.#send.end(error ?? "complete");
  }

  onEnd(): void {
    if (!this.#isOver) this.#break(closeToError(undefined), ResetCode.noError);
    // The server waits for nothing more from us.
    else if (!this.#isHalfClosed) this.#stream.reset(ResetCode.noError);
  }

  onDrain(): void {
    this.#send.onDrain();
  }

  onClose(reason: StreamClose | undefined): void {
    if (!this.#isOver) this.#fail(closeToError(reason));
  }

  /** Ends the call from here, unless it is over. */
  #break(error: RpcError, resetCode: number): void {
    if (this.#isOver) return;
    this.#fail(error);
    this.#receive.discard();
    this.#stream.reset(resetCode);
  }

  #fail(error: RpcError): void {
    this.#finish();
    this.#header.reject(error);
    this.#trailer.reject(error);
    this.#receive.end(error);
    this.#send.end(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#stopWatching?.();
  }
}
