import {
  BizStatusError,
  type CallError,
  Ending,
  type Fields,
  RpcError,
  type ServerByteStream,
  type ServerStart,
  type StreamEnd,
} from "@slipstream/stream";
import { decodeException, encodeException } from "@slipstream/thrift";
import {
  bareCancellation,
  bizStatusPairs,
  CANCEL_PATH_KEY,
  fromCancellation,
  fromException,
  toException,
} from "./error-numbers.ts";
import { fieldsToPairs } from "./fields.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as StreamErrorNumber from "./format/stream-error-number.ts";
import { type StringPair, streamFrame } from "./frame-encode.ts";
import { asRpcError } from "./frame-error.ts";
import type { FrameHead } from "./frame-head.ts";
import type { HeaderBlock } from "./header-block.ts";
import { methodHeads } from "./method-heads.ts";
import { ReceiveHalf } from "./receive-half.ts";
import { SendHalf } from "./send-half.ts";
import type { ServerSession } from "./server-session.ts";
import type { Exchange } from "./session.ts";
import { type Received, ReceivedStart } from "./start.ts";

/** A stream as its server has it. The last thing it writes is a TRAILER; once the client is gone it writes nothing. */
export class ServerStream implements ServerByteStream, Exchange {
  readonly id: number;
  readonly #session: ServerSession;
  readonly #method: string;
  readonly #sender: SendHalf;
  readonly #receiver: ReceiveHalf;
  readonly #ending = new Ending();
  #start: ServerStart | undefined;
  #hasSentHeader = false;
  /** `end` was called; the TRAILER may wait behind messages. */
  #isFinishing = false;
  /** Nothing is written or taken in any more. */
  #isClosed = false;

  constructor(session: ServerSession, id: number, method: string, sendLimit: number) {
    this.#session = session;
    this.id = id;
    this.#method = method;
    this.#sender = new SendHalf(session, id, methodHeads(method).data, sendLimit);
    this.#receiver = new ReceiveHalf(session, id);
  }

  get start(): ServerStart {
    if (this.#start === undefined) throw new Error("the stream has not been handed to anybody yet");
    return this.#start;
  }

  /** Takes what the HEADER says; `block` is its bytes, for those who want them raw. */
  begin(received: Received, block: HeaderBlock): void {
    const peer = this.#session.peerOf(block, this.#session.peer.isSlipstream);
    this.#start = new ReceivedStart(received, received.method, this.#ending, peer);
  }

  get queuedBytes(): number {
    return this.#sender.queuedCost + this.#receiver.unreadCost;
  }

  send(message: Uint8Array, release?: (message: Uint8Array) => void): Promise<void> | undefined {
    if (!this.#hasSentHeader && !this.#isFinishing && !this.#isClosed) this.#writeEmptyHeader();
    return this.#sender.send(message, release);
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    return this.#receiver.recv();
  }

  tryRecv(): Uint8Array | undefined {
    return this.#receiver.tryRecv();
  }

  sendHeader(fields: Fields): void {
    if (this.#isClosed || this.#isFinishing) return;
    if (this.#hasSentHeader) throw new RpcError("failed_precondition", "the header was sent already");
    const pairs = fieldsToPairs(fields, this.#session.peer.isSlipstream);
    try {
      this.#session.writeFrame(streamFrame(FrameKind.header, this.id, this.#method, pairs));
    } catch (error) {
      throw asRpcError(error);
    }
    this.#hasSentHeader = true;
  }

  end(end: StreamEnd): void {
    // What the handler has not received is dropped, also of a call that its client has ended.
    if (this.#isClosed) this.#receiver.drop();
    if (this.#isClosed || this.#isFinishing) return;
    this.#isFinishing = true;
    const { error } = end;
    this.#receiver.discard(error);
    // A call that is out of time ends on the wire now, not when the peer has read what waits.
    const isLate =
      error instanceof RpcError && (error.code === "deadline_exceeded" || error.code === "cancelled");
    if (isLate || !this.#sender.isWaiting) {
      this.#sender.close(error ?? "ended");
      this.#writeEnd(end);
    } else {
      this.#sender.finish(error ?? "ended", () => this.#writeEnd(end));
    }
  }

  onHeader(): void {
    throw new RpcError("internal", `a HEADER came for stream ${this.id} (${this.#method}), which is open`);
  }

  onData(message: Uint8Array): void {
    this.#receiver.push(message);
  }

  /** The client's half-close. */
  onTrailer(head: FrameHead): void {
    const payload = head.payload();
    const exception = payload.length === 0 ? undefined : decodeException(payload, 0, payload.length);
    const origin = { ttstream: StreamErrorNumber.applicationException, side: "server" } as const;
    this.#receiver.end(exception && fromException(this.#session.received(exception), origin));
  }

  onRst(head: FrameHead): void {
    const payload = head.payload();
    const exception = decodeException(payload, 0, payload.length) ?? bareCancellation;
    const path = head.strings()?.get(CANCEL_PATH_KEY) ?? "";
    this.#break(fromCancellation(this.#session.received(exception), path, "server"));
  }

  onCredit(limit: number): void {
    this.#sender.grant(limit);
  }

  onOversize(error: RpcError): void {
    this.onStalled(error);
  }

  onStalled(error: RpcError): void {
    this.#sender.close(error);
    this.#writeEnd({ error, trailer: [] });
    this.#receiver.drop();
    this.#receiver.end(error);
    this.#ending.end(error);
  }

  onConnectionLost(error: RpcError): void {
    this.#break(
      new RpcError("cancelled", error.message, {
        cause: error,
        origin: { ttstream: StreamErrorNumber.connectionClosed, side: "server" },
      }),
    );
  }

  /** Ends the stream without a word to the client, who has ended it. */
  #break(error: RpcError): void {
    if (this.#isClosed) return;
    this.#sender.close(error);
    this.#receiver.end(error);
    this.#close();
    this.#ending.end(error);
  }

  #close(): void {
    this.#isClosed = true;
    this.#receiver.detach();
    this.#session.remove(this);
  }

  #writeEmptyHeader(): void {
    this.#hasSentHeader = true;
    this.#session.writeBare(methodHeads(this.#method).emptyHeader, this.id);
  }

  #writeEnd({ error, trailer }: StreamEnd): void {
    if (this.#isClosed) return;
    if (!this.#hasSentHeader) this.#writeEmptyHeader();
    try {
      this.#writeTrailer(error, trailer);
    } catch (fault) {
      // Too large; a short one must go, or the client would wait for ever.
      this.#writeTrailer(asRpcError(fault), []);
    }
    this.#close();
  }

  #writeTrailer(error: CallError | undefined, trailer: Fields): void {
    if (error === undefined && trailer.length === 0) {
      this.#session.writeBare(methodHeads(this.#method).emptyTrailer, this.id);
      return;
    }
    const pairs: StringPair[] = fieldsToPairs(trailer, this.#session.peer.isSlipstream);
    if (error instanceof BizStatusError) pairs.push(...bizStatusPairs(error));
    this.#session.writeFrame(
      streamFrame(FrameKind.trailer, this.id, this.#method, pairs),
      error instanceof RpcError ? encodeException(this.#method, this.id, toException(error)) : undefined,
    );
  }
}
