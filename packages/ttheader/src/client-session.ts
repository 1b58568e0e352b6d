import { type CallStart, type Fields, noFields, type Reply, type RpcError } from "@slipstream/stream";
import { type ApplicationException, MessageType } from "@slipstream/thrift";
import { busyParts } from "./busy-parts.ts";
import { ClientCall } from "./client-call.ts";
import { withKitexText } from "./error-numbers.ts";
import { SIDE_ENTRY_KEY } from "./fields.ts";
import { type FrameHead, int32 } from "./frame-head.ts";
import { FrameTemplates } from "./frame-templates.ts";
import type { Link } from "./link.ts";
import { CLOSING_KEY, isBareReply, nativeBackward } from "./message.ts";
import type { ResolvedSessionOptions } from "./options.ts";
import { encodeEnvelope, findBody, type PingPongForm, readPayload } from "./payload.ts";
import type { SessionPeer } from "./peer.ts";
import { noBackward, readReplyFields } from "./reply.ts";
import { writeRequest } from "./request.ts";
import { type ClientSessionEvents, SlipstreamClientSession } from "./slipstream-client-session.ts";
import { writeHeaderless, writeMessage } from "./write-message.ts";

/** The client's end of a connection to any server: Slipstream or Kitex, with TTHeader or without. */
export class ClientSession extends SlipstreamClientSession {
  /** What the connection was first used for: that is what Kitex then takes it for. */
  #firstUse: "stream" | "call" | undefined;
  readonly #form: PingPongForm;
  readonly #requests = new FrameTemplates();
  readonly #headers = new FrameTemplates();

  constructor(
    link: Link,
    peer: SessionPeer,
    options: ResolvedSessionOptions,
    events: ClientSessionEvents = {},
  ) {
    super(link, peer, options, events, busyParts);
    this.#form = peer.pingPong ?? "ttheader";
  }

  /** Whether `open` has a place for another stream. A server of Kitex takes none where ping-pong calls were made. */
  override get canOpen(): boolean {
    return super.canOpen && (this.#firstUse !== "call" || this.peer.isSlipstream);
  }

  /**
   * Whether `call` has a place for another call. A server that has not shown that it is Slipstream answers in order, so
   * it gets one at a time, and takes none where streams were opened.
   */
  get canCall(): boolean {
    if (this.peer.isSlipstream && !this.#isHeaderless) return super.canOpen;
    return super.canOpen && this.#firstUse !== "stream" && this.openCount === 0;
  }

  get #isHeaderless(): boolean {
    return this.#form === "framed" || this.#form === "binary";
  }

  /** As of the base; see {@link canCall}. */
  override call(start: CallStart, request: Uint8Array, oneway: boolean): Promise<Reply | undefined> {
    const reply = super.call(start, request, oneway);
    // Kitex would answer the next call only when this one's handler is done, so it takes none here, as Kitex's client.
    if (oneway && !this.peer.isSlipstream) this.onClosing();
    return reply;
  }

  override readReply(head: FrameHead, call: ClientCall): Reply {
    const { bytes, payloadStart, payloadEnd } = head;
    if (isBareReply(head)) {
      this.#onSlipstreamReply();
      const bodyStart = findBody(MessageType.reply, call.start.method, bytes, payloadStart, payloadEnd);
      if (bodyStart !== -1 && int32(bytes, bodyStart - 4) === call.id) {
        return new BareReply(head.view(bodyStart, payloadEnd));
      }
    }
    const pairs = head.strings();
    if (pairs?.has(SIDE_ENTRY_KEY)) this.#onSlipstreamReply();
    if (pairs?.has(CLOSING_KEY)) this.onClosing();
    const { start, end } = readPayload(bytes, payloadStart, payloadEnd);
    const outcome = this.readOutcome(bytes, start, end, pairs, call);
    return { outcome, ...readReplyFields(pairs, nativeBackward) };
  }

  override abandon(call: ClientCall, reason: RpcError): void {
    if (this.peer.isSlipstream) super.abandon(call, reason);
    // Kitex answers in order, and cannot be told to stop: this connection is of no more use.
    else this.events.onCallAbandoned?.();
  }

  override received(exception: ApplicationException): ApplicationException {
    return this.peer.isSlipstream ? exception : withKitexText(exception);
  }

  protected override toError(exception: ApplicationException): RpcError {
    // A server of Kitex closes behind most of them; waiting to see which would lose the next call.
    if (!this.peer.isSlipstream) this.onClosing();
    return super.toError(exception);
  }

  protected override writeHeader(start: CallStart, id: number): void {
    this.#firstUse ??= "stream";
    const template = this.#headers.find(start);
    if (template?.bytes === undefined) super.writeHeader(start, id, template);
    else this.writeBare(template.bytes, id);
  }

  protected override writeRequest(start: CallStart, id: number, request: Uint8Array, type: number): void {
    this.#firstUse ??= "call";
    const template =
      this.#form === "ttheader" && type === MessageType.call ? this.#requests.find(start) : undefined;
    if (template?.bytes !== undefined) {
      writeMessage(this.outbox, template.bytes, id, id, request);
      return;
    }
    const isFramed = this.#form === "framed" || this.#form === "ttheader-framed";
    const envelope = encodeEnvelope(isFramed ? "framed" : "thrift", type, start.method, id, request.length);
    if (this.#isHeaderless) writeHeaderless(this.outbox, envelope, request);
    else {
      writeRequest(this, start, id, type, isFramed ? "framed" : "unframed", envelope, request, template);
    }
  }

  protected override onMessage(head: FrameHead): void {
    // What a Kitex mux server sends before it closes.
    if (head.sequenceId === 0 && head.strings()?.has(CLOSING_KEY) === true) this.onClosing();
    else super.onMessage(head);
  }

  /** A reply that says by its place which call it answers; a wrong id fails the call. */
  protected override onHeaderless(bytes: Uint8Array, start: number, end: number): void {
    const [call] = this.exchanges.values();
    if (!(call instanceof ClientCall)) return;
    const payload = readPayload(bytes, start, end);
    const outcome = this.readOutcome(bytes, payload.start, payload.end, undefined, call);
    call.settle({ outcome, ...readReplyFields(undefined, nativeBackward) });
  }

  /** A reply with a side entry came: the server is Slipstream. */
  #onSlipstreamReply(): void {
    if (!this.peer.isSlipstream) this.markSlipstream();
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
