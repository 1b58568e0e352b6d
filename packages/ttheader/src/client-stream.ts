import {
  type CallError,
  type CallStart,
  type ClientByteStream,
  type Ended,
  type Fields,
  Latch,
  neverEnded,
  noFields,
  type Peer,
  RpcError,
} from "@slipstream/stream";
import { decodeException } from "@slipstream/thrift";
import {
  bareCancellation,
  CANCEL_PATH_KEY,
  fromCancellation,
  fromException,
  readBizStatus,
} from "./error-numbers.ts";
import { type ReceivedFields, readFields } from "./fields.ts";
import * as StreamErrorNumber from "./format/stream-error-number.ts";
import type { FrameHead } from "./frame-head.ts";
import { methodHeads } from "./method-heads.ts";
import { ReceiveHalf } from "./receive-half.ts";
import { writeRst } from "./rst.ts";
import { SendHalf } from "./send-half.ts";
import type { Exchange } from "./session.ts";
import type { SlipstreamClientSession } from "./slipstream-client-session.ts";

/** A stream as its client has it. It is open until the server's TRAILER, an RST, a cancel, or the end of the connection. */
export class ClientStream implements ClientByteStream, Exchange {
  readonly id: number;
  readonly peer: Peer;
  readonly #session: SlipstreamClientSession;
  readonly #method: string;
  readonly #caller: string | undefined;
  readonly #sender: SendHalf;
  readonly #receiver: ReceiveHalf;
  readonly #header = new Latch<Fields>();
  readonly #trailer = new Latch<Fields>();
  #stopWatching: (() => void) | undefined;
  #isHalfClosed = false;
  #isEnded = false;

  constructor(session: SlipstreamClientSession, id: number, start: CallStart, sendLimit: number) {
    this.#session = session;
    this.id = id;
    this.peer = session.peer;
    this.#method = start.method;
    this.#caller = start.caller;
    this.#sender = new SendHalf(session, id, methodHeads(start.method).data, sendLimit);
    this.#receiver = new ReceiveHalf(session, id);
  }

  /** Cancels the stream when the call ends. */
  watch(ended: Ended): void {
    if (ended === neverEnded) return;
    const stop = ended.onEnd((reason) => this.cancel(reason));
    if (this.#isEnded) stop();
    else this.#stopWatching = stop;
  }

  get queuedBytes(): number {
    return this.#sender.queuedCost + this.#receiver.unreadCost;
  }

  send(message: Uint8Array, release?: (message: Uint8Array) => void): Promise<void> | undefined {
    return this.#sender.send(message, release);
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#receiver.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#receiver.tryRecv();
  }

  closeSend(): void {
    if (this.#isEnded || this.#isHalfClosed) return;
    this.#isHalfClosed = true;
    if (this.#sender.isWaiting) this.#sender.finish("half-closed", () => this.#writeTrailer());
    else {
      this.#sender.close("half-closed");
      this.#writeTrailer();
    }
  }

  header(): Promise<Fields> {
    return this.#header.promise;
  }

  trailer(): Promise<Fields> {
    return this.#trailer.promise;
  }

  cancel(reason: RpcError): void {
    if (this.#isEnded) return;
    this.#writeRst(reason);
    this.#end(reason);
    // Who ends a call wants nothing more of it.
    this.#receiver.drop();
  }

  onHeader(head: FrameHead): void {
    if (!this.#header.isPending) {
      throw new RpcError("internal", `a second HEADER came on stream ${this.id} (${this.#method})`, {
        origin: { ttstream: StreamErrorNumber.unexpectedHeader, side: "client" },
      });
    }
    this.#header.resolve(this.#readFields(head)?.fields ?? noFields);
  }

  onData(message: Uint8Array): void {
    this.#receiver.push(message);
  }

  onTrailer(head: FrameHead): void {
    const received = this.#readFields(head);
    if (received === undefined) return;
    this.#header.resolve(noFields);
    this.#trailer.resolve(received.fields);
    this.#end(this.#errorOf(head, received));
  }

  onRst(head: FrameHead): void {
    const payload = head.payload();
    const exception = decodeException(payload, 0, payload.length) ?? bareCancellation;
    const path = head.strings()?.get(CANCEL_PATH_KEY) ?? "";
    this.#end(fromCancellation(this.#session.received(exception), path, "client"));
  }

  onCredit(limit: number): void {
    this.#sender.grant(limit);
  }

  onOversize(error: RpcError): void {
    this.cancel(error);
  }

  onStalled(error: RpcError): void {
    this.cancel(error);
  }

  onConnectionLost(error: RpcError): void {
    this.#end(error);
  }

  /** The header's or trailer's fields; undefined when they could not be read, and the stream has ended for it. */
  #readFields(head: FrameHead): ReceivedFields | undefined {
    try {
      return readFields(head);
    } catch (error) {
      this.cancel(RpcError.from(error));
      return undefined;
    }
  }

  #errorOf(head: FrameHead, received: ReceivedFields): CallError | undefined {
    const payload = head.payload();
    if (payload.length === 0) return readBizStatus(received.pairs);
    const exception = decodeException(payload, 0, payload.length);
    if (exception === undefined) {
      return new RpcError(
        "internal",
        `the TRAILER of ${this.#method} has a payload that is no Thrift exception`,
        {
          origin: { ttstream: StreamErrorNumber.illegalFrame, side: "client" },
        },
      );
    }
    const origin = { ttstream: StreamErrorNumber.applicationException, side: "client" } as const;
    return fromException(this.#session.received(exception), origin);
  }

  /** The one way out. A client that ends while it may still send writes a TRAILER as its last frame, as Kitex does. */
  #end(error: CallError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const isOwing = !this.#isHalfClosed || this.#sender.isWaiting;
    this.#sender.close(error ?? "ended");
    if (isOwing) this.#writeTrailer();
    // After a TRAILER both are resolved.
    if (error !== undefined) {
      this.#header.reject(error);
      this.#trailer.reject(error);
    }
    this.#receiver.end(error);
    this.#receiver.detach();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#session.remove(this);
  }

  #writeTrailer(): void {
    this.#session.writeBare(methodHeads(this.#method).halfClose, this.id);
  }

  #writeRst(reason: RpcError): void {
    if (!this.#session.options.rst) return;
    writeRst(this.#session, this.id, { method: this.#method, caller: this.#caller }, reason);
  }
}
