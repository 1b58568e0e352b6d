import { BizStatusError, Ending, noFields, type Reply, RpcError, type ServerStart } from "@slipstream/stream";
import {
  decodeException,
  encodeException,
  encodeMessageHead,
  MessageType,
  readMessageHead,
} from "@slipstream/thrift";
import { Budget } from "./budget.ts";
import {
  bareCancellation,
  CANCEL_PATH_KEY,
  fromCancellation,
  StreamErrorNumber,
  toException,
} from "./error-numbers.ts";
import { Flag } from "./format.ts";
import { FrameError } from "./frame-error.ts";
import type { FrameHead } from "./frame-head.ts";
import { replyHead } from "./message.ts";
import { type PayloadForm, readPayload } from "./payload.ts";
import type { ServerSession } from "./server-session.ts";
import { type Exchange, StreamPeer } from "./session.ts";
import { ReceivedStart, readStart } from "./start.ts";

const noBackward: ReadonlyMap<string, string> = new Map();

/** A result struct with nothing in it: the body of a reply that carries a business status. */
const emptyResult = Uint8Array.of(0);

/** A ping-pong call as its server has it. */
export class ServerCall implements Exchange {
  readonly id: number;
  readonly queuedBytes = 0;
  readonly start: ServerStart;
  readonly request: Uint8Array;
  /** Others may be answered before it: its client matches replies by their ids. */
  readonly isUnordered: boolean;
  readonly #session: ServerSession;
  readonly #form: PayloadForm;
  readonly #replyId: number;
  readonly #isOneway: boolean;
  /** The client asked for what only Slipstream understands. */
  readonly #isSlipstream: boolean;
  readonly #ending = new Ending();
  readonly #deadline: Budget;
  #isOver = false;

  /** @throws FrameError when the frame holds no Thrift request, RpcError when its side entry is malformed. */
  constructor(session: ServerSession, head: FrameHead) {
    const payload = head.payload();
    const { form, start, end } = readPayload(payload, 0, payload.length);
    const message = form === "kitex-protobuf" ? undefined : readMessageHead(payload, start, end);
    if (message === undefined || message.method === "") {
      throw new FrameError("unknown", "the request holds no strict Thrift binary message with a method name");
    }
    if (message.type !== MessageType.call && message.type !== MessageType.oneway) {
      throw new FrameError("unknown", `message type ${message.type} came as a request; expected 1 or 4`);
    }
    const received = readStart(head);
    this.#session = session;
    this.id = head.sequenceId;
    this.#form = form;
    this.#replyId = message.sequenceId;
    this.#isOneway = message.type === MessageType.oneway;
    this.#isSlipstream = received.hasSideEntry && session.options.extensions;
    this.#deadline = new Budget(received.timeoutMs);
    this.isUnordered = this.#isSlipstream || (head.flags & Flag.outOfOrder) !== 0;
    this.request = payload.subarray(message.bodyStart, end);
    const peer = new StreamPeer(session.peer, this.#isSlipstream, head.copySections());
    this.start = new ReceivedStart(received, message.method, this.#ending, peer);
  }

  /** Gives the client its reply; `undefined` when there is to be none. */
  finish(reply: Reply | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (reply !== undefined && !this.#isOneway) this.#write(reply);
    this.#session.remove(this);
  }

  /** Answers with an error, without asking anybody. */
  refuse(error: RpcError): void {
    this.finish({ outcome: { error }, header: noFields, trailer: noFields, backward: noBackward });
  }

  onRst(head: FrameHead): void {
    const payload = head.payload();
    const exception = decodeException(payload, 0, payload.length) ?? bareCancellation;
    const path = head.strings()?.get(CANCEL_PATH_KEY) ?? "";
    this.#break(fromCancellation(exception, path, "server", this.#isSlipstream));
  }

  onConnectionLost(error: RpcError): void {
    // Kitex closes as soon as it has sent a oneway: nobody is lost who waits for anything.
    if (this.#isOneway) return;
    this.#break(
      // A client of Kitex, and ours before it knows the server, ends a call by closing: near the deadline that was why.
      new RpcError(this.#deadline.isNear ? "deadline_exceeded" : "cancelled", error.message, {
        cause: error,
        origin: { ttstream: StreamErrorNumber.connectionClosed, side: "server" },
      }),
    );
  }

  onHeader(): void {
    throw new RpcError("internal", `a HEADER came for id ${this.id}, which is a ping-pong call`);
  }

  // What belongs to streams; a peer that sends it for a call is not heeded.
  onData(): void {}
  onTrailer(): void {}
  onCredit(): void {}
  onStalled(): void {}
  onOversize(): void {}

  #break(error: RpcError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#session.remove(this);
    this.#ending.end(error);
  }

  #write(reply: Reply): void {
    const { outcome } = reply;
    const tooLarge =
      "message" in outcome && outcome.message.length > this.#session.maxMessageBytes
        ? new RpcError(
            "resource_exhausted",
            `message of ${outcome.message.length} bytes is over maxMessageBytes (${this.#session.maxMessageBytes})`,
          )
        : undefined;
    try {
      this.#writeReply(tooLarge === undefined ? reply : { ...reply, outcome: { error: tooLarge } });
    } catch (fault) {
      if (!(fault instanceof FrameError)) throw fault;
      // Its header or backward values do not fit; the client must hear something.
      const error = new RpcError("resource_exhausted", fault.message, { cause: fault });
      this.#writeReply({ outcome: { error }, header: noFields, trailer: noFields, backward: noBackward });
    }
  }

  #writeReply(reply: Reply): void {
    const { outcome } = reply;
    const { method } = this.start;
    const head = replyHead(reply, this.id, {
      isSlipstream: this.#isSlipstream,
      isClosing: this.#session.isDraining && !this.#isSlipstream,
    });
    if ("error" in outcome && !(outcome.error instanceof BizStatusError)) {
      const exception = encodeException(method, this.#replyId, toException(outcome.error));
      this.#session.writeFrame(head, this.#framed(exception.length, new Uint8Array(0)), exception);
      return;
    }
    const body = "message" in outcome ? outcome.message : emptyResult;
    const envelope = encodeMessageHead(MessageType.reply, method, this.#replyId);
    this.#session.writeFrame(head, this.#framed(envelope.length + body.length, envelope), body);
  }

  /** Puts the length before the message if the request had it. */
  #framed(messageBytes: number, envelope: Uint8Array): Uint8Array {
    if (this.#form !== "framed") return envelope;
    const framed = new Uint8Array(4 + envelope.length);
    new DataView(framed.buffer).setUint32(0, messageBytes);
    framed.set(envelope, 4);
    return framed;
  }
}
