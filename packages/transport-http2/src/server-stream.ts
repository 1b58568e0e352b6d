import type { Stream, StreamHandler } from "@slipstream/h2";
import {
  type Ending,
  type Fields,
  noFields,
  type RpcError,
  type ServerByteStream,
  type StreamEnd,
} from "@slipstream/stream";
import { Answer } from "./answer.ts";
import type { ResolvedOptions } from "./options.ts";
import { ReceiveHalf, type ReceiveHost } from "./receive-half.ts";
import type { Request } from "./received-request.ts";
import { SendHalf } from "./send-half.ts";

/** The server's end of a stream. */
export class ServerStream extends Answer implements ServerByteStream, StreamHandler, ReceiveHost {
  readonly isSingleCall: boolean;
  readonly #send: SendHalf;
  readonly #receive: ReceiveHalf;
  readonly #ended: Ending;

  constructor(stream: Stream, request: Request, ended: Ending, options: ResolvedOptions) {
    super(stream, request, ended, options);
    this.isSingleCall = request.isSingleCall;
    this.#ended = ended;
    this.#send = new SendHalf(options, this.sendsGzip);
    this.#receive = new ReceiveHalf(this, options.maxMessageBytes);
    this.#receive.encoding = request.encoding;
  }

  // ServerByteStream.

  send(message: Uint8Array, release?: (message: Uint8Array) => void): Promise<void> | undefined {
    this.respond(noFields);
    return this.#send.send(this.stream, message, release);
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#receive.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#receive.tryRecv();
  }

  sendHeader(fields: Fields): void {
    this.respond(fields);
  }

  end({ error, trailer, backward }: StreamEnd): void {
    this.#receive.discard(error);
    if (this.isOver) return;
    this.#send.end(error ?? "complete");
    this.finish(error, trailer, backward);
  }

  // ReceiveHost.

  consume(bytes: number): void {
    this.stream.consume(bytes);
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
    this.hasPeerEnded = true;
    this.#receive.end();
  }

  onDrain(): void {
    this.#send.onDrain();
    if (this.isOver) this.stopClient();
  }

  protected override cut(error: RpcError): void {
    this.#send.end(error);
    this.#receive.end(error);
  }
}
