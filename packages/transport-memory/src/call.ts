import {
  type CallError,
  type CallStart,
  type ClientByteStream,
  type Ended,
  Ending,
  type Fields,
  noFields,
  type Peer,
  RpcError,
  type ServerByteStream,
  type ServerStart,
  type StreamEnd,
} from "@slipstream/stream";
import { Pipe, type PipeLimits } from "./pipe.ts";

/** A promise that can be asked for many times, and whose failure nobody has to look at. */
class Latch<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T) => void;
  reject!: (error: CallError) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }
}

const afterEnd = (): RpcError => new RpcError("failed_precondition", "send after the call has ended");

/** One stream of both sides: there is no wire between them, so both look at the same object. */
export class MemoryCall {
  readonly requests: Pipe;
  readonly responses: Pipe;
  readonly header = new Latch<Fields>();
  readonly trailer = new Latch<Fields>();
  /** The server's view of a call that stops before its time. */
  readonly stopped = new Ending();
  readonly client: MemoryClientStream;
  readonly server: MemoryServerStream;
  readonly #onFinished: (call: MemoryCall) => void;
  #finished = false;

  constructor(start: CallStart, limits: PipeLimits, peers: Peers, onFinished: (call: MemoryCall) => void) {
    this.requests = new Pipe(limits);
    this.responses = new Pipe(limits);
    this.#onFinished = onFinished;
    this.client = new MemoryClientStream(this, peers.server, start.ended);
    this.server = new MemoryServerStream(this, serverStart(start, peers.client, this.stopped));
  }

  get isFinished(): boolean {
    return this.#finished;
  }

  /** The server ended the call. */
  complete({ error, trailer }: StreamEnd): void {
    if (!this.#finish()) return;
    this.header.resolve(noFields);
    this.trailer.resolve(trailer);
    this.responses.end(error ?? afterEnd(), error);
    this.requests.end(error ?? afterEnd(), error);
    this.requests.discard();
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
    if (this.#finished) return false;
    this.#finished = true;
    this.client.release();
    this.#onFinished(this);
    return true;
  }
}

export interface Peers {
  readonly client: Peer;
  readonly server: Peer;
}

/** What the server is told: the same start, without what is the client's own. */
export function serverStart(start: CallStart, peer: Peer, ended: Ended): ServerStart {
  const { address: _, ended: __, ...rest } = start;
  return { ...rest, ended, peer };
}

/** A client's reason to stop, as the server hears it. */
export function asHeardByServer(reason: RpcError): RpcError {
  const code = reason.code === "deadline_exceeded" ? "deadline_exceeded" : "cancelled";
  return new RpcError(code, reason.message, { origin: { ...reason.origin, side: "server" } });
}

class MemoryClientStream implements ClientByteStream {
  readonly peer: Peer;
  readonly #call: MemoryCall;
  readonly #unlisten: () => void;
  #released = false;

  constructor(call: MemoryCall, peer: Peer, ended: Ended) {
    this.#call = call;
    this.peer = peer;
    this.#unlisten = ended.onEnd((reason) => this.cancel(reason));
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
    this.#call.break(reason, asHeardByServer(reason));
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#unlisten();
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
    this.#call.header.resolve(fields);
  }

  end(end: StreamEnd): void {
    this.#call.complete(end);
  }
}
