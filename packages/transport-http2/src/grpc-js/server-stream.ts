import { Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
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
import { closeToCancel, errorToStatus } from "../errors.ts";
import type { Request } from "../received-request.ts";
import { headerFields, trailerFields } from "../response.ts";
import { type GrpcJsLimits, GrpcJsReceiver, GrpcJsSender } from "./message-queue.ts";
import { addFields, areExactForGrpcJs } from "./metadata.ts";

/** A cancel that comes so shortly before the deadline, or in its last tenth, is the client's own deadline. */
const nearDeadlineMs = 50;
const nearDeadlinePart = 0.1;
/** How long a half-close is held back, until the reset behind it would have shown: usually one turn, near a deadline some. */
const holdTurns = 4;
const nearDeadlineHoldMs = 20;

/** The server's end of a stream on a call of grpc-js. */
export class GrpcJsServerStream implements ServerByteStream {
  readonly start: ServerStart;
  readonly isSingleCall: boolean;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #contentType: string;
  readonly #ended: Ending;
  readonly #sender: GrpcJsSender;
  readonly #receiver: GrpcJsReceiver;
  readonly #arrivedAt: number = performance.now();
  #hasResponded = false;
  #isOver = false;

  constructor(
    call: ServerDuplexStream<Buffer, Buffer>,
    request: Request,
    ended: Ending,
    limits: GrpcJsLimits,
  ) {
    this.start = request.start;
    this.isSingleCall = request.isSingleCall;
    this.#call = call;
    this.#contentType = request.contentType;
    this.#ended = ended;
    this.#sender = new GrpcJsSender(call, limits);
    this.#receiver = new GrpcJsReceiver(call, limits);
    call.on("end", () => this.#halfClosed());
    call.on("cancelled", () => this.#cancelled());
  }

  send(message: Uint8Array): Promise<void> | undefined {
    if (!this.#hasResponded) this.sendHeader(noFields);
    return this.#sender.send(message);
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#receiver.queue.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#receiver.queue.tryRecv();
  }

  sendHeader(fields: Fields): void {
    if (this.#isOver || this.#hasResponded) return;
    this.#hasResponded = true;
    const metadata = this.#metadata();
    const { isSlipstream } = this.start.peer;
    addFields(metadata, headerFields(fields, isSlipstream, areExactForGrpcJs));
    this.#call.sendMetadata(metadata);
  }

  end({ error, trailer, backward }: StreamEnd): void {
    const { queue } = this.#receiver;
    queue.end(error);
    queue.clear();
    // What still comes is dropped.
    this.#call.resume();
    if (this.#isOver) return;
    this.#finish(error ?? new RpcError("failed_precondition", "send after the end: the call is complete"));
    // Without a header the trailer is the first section, and the place of the content type.
    const metadata = this.#hasResponded ? new Metadata() : this.#metadata();
    const { isSlipstream } = this.start.peer;
    addFields(metadata, trailerFields(error, trailer, backward, isSlipstream, areExactForGrpcJs));
    metadata.remove("grpc-status");
    metadata.remove("grpc-message");
    if (error === undefined) {
      this.#call.end(metadata);
      return;
    }
    const code = error instanceof RpcError ? errorToStatus(error) : 13;
    this.#call.emit("error", { code, details: wellFormed(error.message), metadata });
  }

  /** grpc-js answers `application/grpc+proto` unless metadata says otherwise. */
  #metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set("content-type", this.#contentType);
    return metadata;
  }

  /** A client on grpc-js half-closes before it resets: a cancel must not be taken for an orderly end. */
  #halfClosed(): void {
    const tell = (): void => this.#receiver.queue.end();
    if (this.#isNearDeadline()) setTimeout(tell, nearDeadlineHoldMs);
    else afterTurns(holdTurns, tell);
  }

  #isNearDeadline(): boolean {
    const { timeoutMs } = this.start;
    if (timeoutMs === undefined) return false;
    const leftMs = this.#arrivedAt + timeoutMs - performance.now();
    return leftMs <= Math.max(nearDeadlineMs, timeoutMs * nearDeadlinePart);
  }

  #cancelled(): void {
    if (this.#isOver) return;
    // grpc-js does not say whether the client reset the stream or the connection was lost.
    const close = { code: 8, by: "peer", unprocessed: false, message: "cancelled" } as const;
    const error = closeToCancel(close, this.#isNearDeadline());
    this.#finish(error);
    this.#receiver.queue.end(error);
    this.#ended.end(error);
  }

  #finish(error: CallError): void {
    this.#isOver = true;
    this.#sender.end(error);
  }
}

function afterTurns(turns: number, run: () => void): void {
  if (turns === 0) run();
  else setImmediate(afterTurns, turns - 1, run);
}

/** grpc-js throws on half of a surrogate pair. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
