import {
  type CallStart,
  type ClientByteStream,
  Ending,
  type Fields,
  Latch,
  noFields,
  type Peer,
  RpcError,
  type ServerByteStream,
  type ServerStart,
  type StreamEnd,
} from "@slipstream/stream";
import { asHeardByServer, asReceived } from "./errors.ts";
import { type Level, Pipe, type PipeLimits } from "./pipe.ts";
import { copied, serverStart } from "./start.ts";

const afterEnd = (): RpcError =>
  new RpcError("failed_precondition", "send after the end: the call is complete");

export interface Peers {
  readonly client: Peer;
  readonly server: Peer;
}

/** One stream, of both sides: there is no wire between them, so both look at the same object. */
export class MemoryCall {
  readonly requests: Pipe;
  readonly responses: Pipe;
  readonly header: Latch<Fields> = new Latch();
  readonly trailer: Latch<Fields> = new Latch();
  /** The server's view of a call that stops before its time. */
  readonly stopped: Ending = new Ending();
  readonly client: ClientByteStream;
  readonly server: ServerByteStream;
  readonly #onFinished: (call: MemoryCall) => void;
  #unlisten: () => void = () => {};
  #isFinished = false;

  constructor(
    start: CallStart,
    limits: PipeLimits,
    level: Level,
    peers: Peers,
    onFinished: (call: MemoryCall) => void,
  ) {
    this.requests = new Pipe(limits, level);
    this.responses = new Pipe(limits, level);
    this.#onFinished = onFinished;
    this.client = new MemoryClientStream(this, peers.server);
    this.server = new MemoryServerStream(this, serverStart(start, peers.client, this.stopped));
    this.#unlisten = start.ended.onEnd((reason) => this.cancel(reason));
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** The server ended the call: the client receives what was sent before. */
  complete({ error, trailer }: StreamEnd): void {
    const atClient = error && asReceived(error);
    this.requests.end(atClient ?? afterEnd(), error);
    this.requests.discard();
    if (!this.#finish()) return;
    this.header.resolve(noFields);
    this.trailer.resolve(copied(trailer));
    this.responses.end(error ?? afterEnd(), atClient);
  }

  /** The client ended the call: it receives nothing more. */
  cancel(reason: RpcError): void {
    if (this.#isFinished) return;
    this.break(reason, asHeardByServer(reason));
    this.responses.discard();
  }

  /** The call broke: `atClient` and `atServer` are what each side hears. */
  break(atClient: RpcError, atServer: RpcError): void {
    if (!this.#finish()) return;
    this.header.reject(atClient);
    this.trailer.reject(atClient);
    this.responses.end(atServer, atClient);
    this.requests.end(atClient, atServer);
    this.stopped.end(atServer);
  }

  #finish(): boolean {
    if (this.#isFinished) return false;
    this.#isFinished = true;
    this.#unlisten();
    this.#onFinished(this);
    return true;
  }
}

class MemoryClientStream implements ClientByteStream {
  readonly peer: Peer;
  readonly #call: MemoryCall;

  constructor(call: MemoryCall, peer: Peer) {
    this.#call = call;
    this.peer = peer;
  }

  send(message: Uint8Array): Promise<void> | undefined {
    return this.#call.requests.send(message);
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#call.responses.queue.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#call.responses.queue.tryRecv();
  }

  closeSend(): void {
    if (!this.#call.isFinished) this.#call.requests.halfClose();
  }

  header(): Promise<Fields> {
    return this.#call.header.promise;
  }

  trailer(): Promise<Fields> {
    return this.#call.trailer.promise;
  }

  cancel(reason: RpcError): void {
    this.#call.cancel(reason);
  }
}

class MemoryServerStream implements ServerByteStream {
  readonly start: ServerStart;
  readonly #call: MemoryCall;

  constructor(call: MemoryCall, start: ServerStart) {
    this.#call = call;
    this.start = start;
  }

  send(message: Uint8Array): Promise<void> | undefined {
    const waiting = this.#call.responses.send(message);
    this.#call.header.resolve(noFields);
    return waiting;
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#call.requests.queue.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#call.requests.queue.tryRecv();
  }

  sendHeader(fields: Fields): void {
    this.#call.header.resolve(copied(fields));
  }

  end(end: StreamEnd): void {
    this.#call.complete(end);
  }
}
