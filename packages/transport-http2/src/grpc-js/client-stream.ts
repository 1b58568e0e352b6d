import type { ClientDuplexStream, Metadata, StatusObject } from "@grpc/grpc-js";
import type { Field as H2Field } from "@slipstream/h2";
import {
  type CallError,
  type CallStart,
  type ClientByteStream,
  type Fields,
  Latch,
  noFields,
  type Peer,
  RpcError,
} from "@slipstream/stream";
import { encodeMessage } from "../grpc-message.ts";
import { noBackward, readFields, readStatus } from "../received-response.ts";
import { type GrpcJsLimits, GrpcJsReceiver, GrpcJsSender } from "./message-queue.ts";
import { fromMetadata } from "./metadata.ts";

/** How grpc-js says that it could not connect: nothing was sent then. */
const notConnected = /^(?:No connection established|Name resolution failed)/;

/** The client's end of a stream on a call of grpc-js. */
export class GrpcJsClientStream implements ClientByteStream {
  readonly peer: Peer;
  /** What the server sent back in a single call; there with the trailer. */
  backward: ReadonlyMap<string, string> = noBackward;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #sender: GrpcJsSender;
  readonly #receiver: GrpcJsReceiver;
  readonly #header: Latch<Fields> = new Latch();
  readonly #trailer: Latch<Fields> = new Latch();
  readonly #stopWatching: () => void;
  #untold: Metadata | undefined;
  #isHalfClosed = false;
  #isOver = false;

  constructor(
    call: ClientDuplexStream<Buffer, Buffer>,
    { ended }: CallStart,
    peer: Peer,
    limits: GrpcJsLimits,
  ) {
    this.peer = peer;
    this.#call = call;
    this.#sender = new GrpcJsSender(call, limits);
    this.#receiver = new GrpcJsReceiver(call, limits);
    // A message that came with it is given out by grpc-js a little later: whoever sees the header finds it.
    call.on("metadata", (metadata: Metadata) => {
      this.#untold = metadata;
      setImmediate(() => this.#tellHeader());
    });
    call.on("status", (status: StatusObject) => this.#ended(status));
    // Every error comes as a status, too.
    call.on("error", () => {});
    this.#stopWatching = ended.onEnd((reason) => this.cancel(reason));
  }

  send(message: Uint8Array): Promise<void> | undefined {
    return this.#sender.send(message);
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#receiver.queue.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#receiver.queue.tryRecv();
  }

  closeSend(): void {
    if (this.#isHalfClosed || this.#isOver) return;
    this.#isHalfClosed = true;
    this.#sender.close(
      new RpcError("failed_precondition", "send after half-close: nothing more can be sent"),
    );
    this.#call.end();
  }

  header(): Promise<Fields> {
    return this.#header.promise;
  }

  trailer(): Promise<Fields> {
    return this.#trailer.promise;
  }

  cancel(reason: RpcError): void {
    if (this.#isOver) return;
    this.#fail(reason);
    this.#receiver.queue.clear();
    this.#call.cancel();
  }

  #tellHeader(): void {
    const metadata = this.#untold;
    this.#untold = undefined;
    if (metadata === undefined || this.#isOver) return;
    try {
      this.#header.resolve(readFields(fromMetadata(metadata)).fields);
    } catch (thrown) {
      this.cancel(RpcError.from(thrown));
    }
  }

  #ended({ code, details, metadata }: StatusObject): void {
    this.#tellHeader();
    if (this.#isOver) return;
    let error: CallError | undefined;
    try {
      const fields = fromMetadata(metadata);
      const { fields: trailer, backward } = readFields(fields);
      this.backward = backward;
      error = withRetry(readStatus([...statusFields(code, details), ...fields]));
      this.#finish();
      this.#header.resolve(noFields);
      this.#trailer.resolve(trailer);
    } catch (thrown) {
      this.#fail(RpcError.from(thrown));
      return;
    }
    this.#sender.end(
      error ?? new RpcError("failed_precondition", "send after the end: the call is complete"),
    );
    // Messages may lie in the call's own buffer still.
    if (this.#call.readableEnded) this.#receiver.queue.end(error);
    else this.#call.once("end", () => this.#receiver.queue.end(error));
  }

  #fail(error: RpcError): void {
    this.#finish();
    this.#header.reject(error);
    this.#trailer.reject(error);
    this.#receiver.queue.end(error);
    this.#sender.end(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#stopWatching();
  }
}

function statusFields(code: number, details: string): H2Field[] {
  return [
    { name: "grpc-status", value: String(code) },
    { name: "grpc-message", value: code === 0 ? "" : encodeMessage(details) },
  ];
}

function withRetry(error: CallError | undefined): CallError | undefined {
  if (!(error instanceof RpcError) || error.code !== "unavailable" || !notConnected.test(error.message))
    return error;
  return new RpcError(error.code, error.message, {
    retryable: true,
    ...(error.origin && { origin: error.origin }),
  });
}
