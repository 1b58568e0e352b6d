import {
  BizStatusError,
  Ending,
  messageTooLarge,
  noFields,
  type Reply,
  RpcError,
  type ServerByteCall,
  type ServerStart,
} from "@slipstream/stream";
import {
  type ApplicationException,
  ApplicationExceptionType,
  decodeException,
  encodeException,
  type MessageHead,
  MessageType,
  readMessageHead,
} from "@slipstream/thrift";
import { Budget } from "./budget.ts";
import {
  bareCancellation,
  CANCEL_PATH_KEY,
  fromCancellation,
  toException,
  withKitexText,
} from "./error-numbers.ts";
import * as Flag from "./format/flag.ts";
import * as StreamErrorNumber from "./format/stream-error-number.ts";
import { FrameError } from "./frame-error.ts";
import { type FrameHead, int32 } from "./frame-head.ts";
import type { HeaderBlock } from "./header-block.ts";
import { bareReplyOf, isBare, writeReply } from "./message.ts";
import { encodeEnvelope, findBody, type Payload, type PayloadForm, withLength } from "./payload.ts";
import type { ServerSession } from "./server-session.ts";
import type { Exchange } from "./session.ts";
import { type Received, ReceivedStart } from "./start.ts";
import { writeHeaderless, writeMessage } from "./write-message.ts";

const noBackward: ReadonlyMap<string, string> = new Map();

/** A result struct with nothing in it: the body of a reply that carries a business status. */
const emptyResult = Uint8Array.of(0);
const noBytes = new Uint8Array(0);

/** A ping-pong call as its server has it. */
export class ServerCall implements ServerByteCall, Exchange {
  readonly id: number;
  readonly queuedBytes = 0;
  readonly start: ServerStart;
  readonly request: Uint8Array;
  /** Others may be answered before it: its client matches replies by their ids. */
  readonly isUnordered: boolean;
  readonly #session: ServerSession;
  readonly #form: PayloadForm;
  /** Of the frame that the reply goes in; undefined when it goes in none. */
  readonly #frameId: number | undefined;
  readonly #messageId: number;
  readonly #isOneway: boolean;
  /** The client asked for what only Slipstream understands. */
  readonly #isSlipstream: boolean;
  readonly #ending = new Ending();
  readonly #deadline: Budget | undefined;
  #isOver = false;
  #isReplied = false;

  /**
   * `head` is that of the frame with the request, undefined when it came in none. `queueId` gives the id of a call that is
   * answered in order: its own may repeat.
   *
   * @throws FrameError when the payload is no Thrift request.
   */
  constructor(
    session: ServerSession,
    bytes: Uint8Array,
    { form, start, end }: Payload,
    { received, block }: { readonly received: Received; readonly block: HeaderBlock | undefined },
    head: FrameHead | undefined,
    queueId: () => number,
  ) {
    const { type, method, sequenceId, bodyStart } = readRequestHead(bytes, form, start, end, received.method);
    this.#session = session;
    this.#form = form;
    this.#frameId = head?.sequenceId;
    this.#messageId = sequenceId;
    this.#isOneway = type === MessageType.oneway;
    this.#isSlipstream = received.hasSideEntry && session.options.extensions;
    if (received.timeoutMs !== undefined) this.#deadline = new Budget(received.timeoutMs);
    this.isUnordered = this.#isSlipstream || (head !== undefined && (head.flags & Flag.outOfOrder) !== 0);
    this.id = this.isUnordered && head !== undefined ? head.sequenceId : queueId();
    this.request = head?.view(bodyStart, end) ?? bytes.subarray(bodyStart, end);
    const peer = session.peerOf(block, this.#isSlipstream);
    this.start = new ReceivedStart(received, method, this.#ending, peer);
  }

  /** Whether its handler is done with it. */
  get isReplied(): boolean {
    return this.#isReplied;
  }

  /** Whether it is still to be served: its client may have gone while it waited, which does not matter to a oneway. */
  get isWanted(): boolean {
    return this.#isOneway || (!this.#isOver && !this.#session.isClosed);
  }

  reply(reply: Reply | undefined): void {
    this.#isReplied = true;
    this.#finish(reply);
    if (!this.isUnordered) this.#session.onReplied(this);
  }

  /** Answers with an error, without asking anybody. */
  refuse(error: RpcError): void {
    this.#finish({ outcome: { error }, header: noFields, trailer: noFields, backward: noBackward });
  }

  #finish(reply: Reply | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (reply !== undefined && !this.#isOneway) this.#write(reply);
    this.#session.remove(this);
  }

  onRst(head: FrameHead): void {
    const payload = head.payload();
    const exception = decodeException(payload, 0, payload.length) ?? bareCancellation;
    const path = head.strings()?.get(CANCEL_PATH_KEY) ?? "";
    this.#break(fromCancellation(this.#isSlipstream ? exception : withKitexText(exception), path, "server"));
  }

  onConnectionLost(error: RpcError): void {
    // Kitex closes as soon as it has sent a oneway: nobody is lost who waits for anything.
    if (this.#isOneway) return;
    this.#break(
      // A client of Kitex, and ours before it knows the server, ends a call by closing: near the deadline that was why.
      new RpcError(this.#deadline?.isNear === true ? "deadline_exceeded" : "cancelled", error.message, {
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
    const { maxMessageBytes } = this.#session;
    const tooLarge =
      "message" in outcome && outcome.message.length > maxMessageBytes
        ? messageTooLarge(outcome.message.length, maxMessageBytes)
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
    if (this.#isSlipstream && this.#form === "thrift" && this.#frameId !== undefined && isBare(reply)) {
      const { message } = outcome as { readonly message: Uint8Array };
      writeMessage(
        this.#session.outbox,
        bareReplyOf(this.start.method),
        this.#frameId,
        this.#messageId,
        message,
      );
      return;
    }
    const error = "error" in outcome ? outcome.error : undefined;
    if (error !== undefined && (this.#frameId === undefined || !(error instanceof BizStatusError))) {
      const exception = error instanceof BizStatusError ? withoutPairs(error) : toException(error);
      const message = encodeException(this.start.method, this.#messageId, exception);
      this.#put(reply, this.#form === "framed" ? withLength(message) : message, noBytes);
      return;
    }
    const body = "message" in outcome ? outcome.message : emptyResult;
    const envelope = encodeEnvelope(
      this.#form,
      MessageType.reply,
      this.start.method,
      this.#messageId,
      body.length,
    );
    this.#put(reply, envelope, body);
  }

  /** In the form in which the request came. */
  #put(reply: Reply, envelope: Uint8Array, body: Uint8Array): void {
    if (this.#frameId === undefined) {
      writeHeaderless(this.#session.outbox, envelope, body);
      return;
    }
    const form = {
      isSlipstream: this.#isSlipstream,
      isClosing: this.#session.isDraining && !this.#isSlipstream,
    };
    writeReply(this.#session, reply, this.#frameId, form, envelope, body);
  }
}

/**
 * The head of the request's message; `method` is what its frame says.
 *
 * @throws FrameError when it is none.
 */
function readRequestHead(
  bytes: Uint8Array,
  form: PayloadForm,
  start: number,
  end: number,
  method: string,
): MessageHead {
  if (form === "thrift" && method !== "") {
    const bodyStart = findBody(MessageType.call, method, bytes, start, end);
    if (bodyStart !== -1) {
      return { type: MessageType.call, method, sequenceId: int32(bytes, bodyStart - 4), bodyStart };
    }
  }
  const message = form === "kitex-protobuf" ? undefined : readMessageHead(bytes, start, end);
  if (message === undefined || message.method === "") {
    throw new FrameError("unknown", "the request holds no strict Thrift binary message with a method name");
  }
  if (message.type !== MessageType.call && message.type !== MessageType.oneway) {
    throw new FrameError("unknown", `message type ${message.type} came as a request; expected 1 or 4`);
  }
  return message;
}

/** Without TTHeader there is no place for a business status; Kitex would let it pass for a success. */
function withoutPairs({ status, message }: BizStatusError): ApplicationException {
  return { type: ApplicationExceptionType.internalError, message: `biz status ${status}: ${message}` };
}
