import {
  type CallError,
  type CallStart,
  type Ended,
  type Fields,
  neverEnded,
  noFields,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import { decodeException, encodeException, MessageType, readMessageHead } from "@slipstream/thrift";
import type { ClientSession } from "./client-session.ts";
import { CANCEL_PATH_KEY, fromException, readBizStatus, toCancellation } from "./error-numbers.ts";
import * as FrameKind from "./format/frame-kind.ts";
import { streamFrame } from "./frame-encode.ts";
import { FrameError } from "./frame-error.ts";
import type { FrameHead } from "./frame-head.ts";
import { bareFields, isBareReply, type ReplyFields, readReplyFields, writeRequest } from "./message.ts";
import { encodeEnvelope, findReplyBody, type Payload, readPayload } from "./payload.ts";
import type { Exchange } from "./session.ts";

/** A ping-pong call as its client has it: over when its reply has come. */
export class ClientCall implements Exchange {
  readonly id: number;
  readonly queuedBytes = 0;
  readonly reply: Promise<Reply>;
  readonly #session: ClientSession;
  readonly #start: CallStart;
  #resolve!: (reply: Reply) => void;
  #reject!: (error: RpcError) => void;
  #stopWatching: (() => void) | undefined;
  #isEnded = false;

  constructor(session: ClientSession, id: number, start: CallStart) {
    this.#session = session;
    this.id = id;
    this.#start = start;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Cancels the call when it ends before its time. */
  watch(ended: Ended): void {
    if (ended === neverEnded) return;
    const stop = ended.onEnd((reason) => this.#cancel(reason));
    if (this.#isEnded) stop();
    else this.#stopWatching = stop;
  }

  onReply(head: FrameHead): void {
    this.#settle(this.#read(head));
  }

  /** A reply without TTHeader. */
  onHeaderlessReply(bytes: Uint8Array, payload: Payload): void {
    this.#settle(this.#readMessage(bytes, payload, nothingReceived));
  }

  onOversize(error: RpcError): void {
    if (this.#end()) this.#reject(error);
  }

  onConnectionLost(error: RpcError): void {
    if (this.#end()) this.#reject(error);
  }

  // What belongs to streams; a peer that sends it for a call is not heeded.
  onHeader(): void {}
  onData(): void {}
  onTrailer(): void {}
  onRst(): void {}
  onCredit(): void {}
  onStalled(): void {}

  #cancel(reason: RpcError): void {
    if (!this.#end()) return;
    if (this.#session.peer.isSlipstream) {
      const { path, ...exception } = toCancellation(reason, this.#start.caller);
      this.#session.writeFrame(
        streamFrame(
          FrameKind.rst,
          this.id,
          this.#start.method,
          path === "" ? undefined : [[CANCEL_PATH_KEY, path]],
        ),
        encodeException(this.#start.method, this.id, exception),
      );
    } else {
      // Kitex answers in order, and cannot be told to stop: this connection is of no more use.
      this.#session.onCallAbandoned();
    }
    this.#reject(reason);
  }

  #settle(reply: Reply): void {
    if (this.#end()) this.#resolve(reply);
  }

  #end(): boolean {
    if (this.#isEnded) return false;
    this.#isEnded = true;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#session.remove(this);
    return true;
  }

  /** @throws FrameError or RpcError when the reply cannot be read: nobody knows what comes behind it. */
  #read(head: FrameHead): Reply {
    if (isBareReply(head)) {
      this.#session.onSlipstreamReply();
      const { bytes, payloadStart, payloadEnd } = head;
      const bodyStart = findReplyBody(bytes, payloadStart, payloadEnd, this.#start.method, this.id);
      if (bodyStart !== -1) return new BareReply(bytes.subarray(bodyStart, payloadEnd));
      return this.#readMessage(bytes, readPayload(bytes, payloadStart, payloadEnd), bareFields);
    }
    const pairs = head.strings();
    const fields = readReplyFields(pairs);
    if (fields.isSlipstream) this.#session.onSlipstreamReply();
    if (fields.isClosing) this.#session.onClosingReply();
    const payload = head.payload();
    // Volo answers a business status with an exception beside the pairs: the status counts.
    const biz = readBizStatus(pairs?.get("biz-status"), pairs?.get("biz-message"), pairs?.get("biz-extra"));
    return this.#readMessage(payload, readPayload(payload, 0, payload.length), fields, biz);
  }

  #readMessage(
    bytes: Uint8Array,
    { start, end }: Payload,
    { isSlipstream, header, trailer, backward }: ReplyFields,
    biz?: CallError,
  ): Reply {
    const message = readMessageHead(bytes, start, end);
    if (message === undefined)
      throw new FrameError("unknown", "the reply holds no strict Thrift binary message");
    const fields = { header, trailer, backward };
    if (biz !== undefined) return { outcome: { error: biz }, ...fields };
    if (message.type === MessageType.exception) {
      const exception = decodeException(bytes, start, end);
      if (exception === undefined) throw new FrameError("truncated", "the reply's exception cannot be read");
      // A server of Kitex closes behind most of them; waiting to see which would lose the next call.
      if (!isSlipstream) this.#session.onClosingReply();
      return { outcome: { error: fromException(exception, { side: "client" }, isSlipstream) }, ...fields };
    }
    return { outcome: this.#outcome(bytes.subarray(message.bodyStart, end), message), ...fields };
  }

  #outcome(
    body: Uint8Array,
    message: { type: number; method: string; sequenceId: number },
  ): Reply["outcome"] {
    const { method } = this.#start;
    const wrong =
      message.type !== MessageType.reply
        ? [2, `message type ${message.type} came as a reply`]
        : message.method !== method
          ? [3, `wrong method name, expected ${method}, got ${message.method}`]
          : message.sequenceId !== this.id
            ? [
                4,
                `reply to ${method} out of order: expected sequence id ${this.id}, got ${message.sequenceId}`,
              ]
            : undefined;
    if (wrong === undefined) return { message: body };
    const [thriftType, text] = wrong as [number, string];
    return { error: new RpcError("internal", text, { origin: { thriftType, side: "client" } }) };
  }

  /** Writes the request. */
  write(request: Uint8Array, oneway: boolean): void {
    const type = oneway ? MessageType.oneway : MessageType.call;
    const { pingPong } = this.#session;
    const form = pingPong === "framed" || pingPong === "ttheader-framed" ? "framed" : "thrift";
    const template =
      pingPong === "ttheader" && !oneway ? this.#session.requests.find(this.#start) : undefined;
    if (template?.bytes !== undefined) {
      this.#session.writeMessage(template.bytes, this.id, this.id, request);
      return;
    }
    const envelope = encodeEnvelope(form, type, this.#start.method, this.id, request.length);
    if (pingPong === "framed" || pingPong === "binary") {
      this.#session.writeHeaderless(envelope, request);
    } else {
      writeRequest(this.#session, this.#start, this.id, type, form, envelope, request, template);
    }
  }
}

/** A message, and nothing beside it. */
class BareReply implements Reply {
  readonly outcome: { readonly message: Uint8Array };
  readonly header: Fields = noFields;
  readonly trailer: Fields = noFields;
  readonly backward: ReadonlyMap<string, string> = noBackward;

  constructor(message: Uint8Array) {
    this.outcome = { message };
  }
}

const noBackward: ReadonlyMap<string, string> = new Map();

/** What a reply says that has no head. */
const nothingReceived: ReplyFields = {
  header: noFields,
  trailer: noFields,
  backward: noBackward,
  isSlipstream: false,
  isClosing: false,
};
