import type { Stream, StreamClose } from "@slipstream/h2";
import {
  type CallError,
  type Ending,
  type Fields,
  noFields,
  RpcError,
  type ServerStart,
} from "@slipstream/stream";
import { closeToCancel, ResetCode } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Request } from "./received-request.ts";
import { headerFields, responseHead, success, successTrailer, trailerFields } from "./response.ts";

/** A cancel that comes so shortly before the deadline, or in its last tenth, is the client's own deadline. */
const nearDeadlineMs = 50;
const nearDeadlinePart = 0.1;

/** A request as its server answers it, as a stream or as a call: a header section, messages, the end. */
export abstract class Answer {
  readonly start: ServerStart;
  protected readonly stream: Stream;
  protected readonly sendsGzip: boolean;
  protected hasPeerEnded = false;
  /** Nothing more is written: the handler ended the call, or the client did. */
  protected isOver = false;
  readonly #request: Request;
  readonly #ended: Ending;
  /** When the deadline is, on the clock of `performance.now`. */
  readonly #deadline: number;
  #hasResponded = false;

  constructor(stream: Stream, request: Request, ended: Ending, options: ResolvedOptions) {
    const { start } = request;
    this.start = start;
    this.stream = stream;
    this.sendsGzip = options.sendsGzip && request.acceptsGzip;
    this.#request = request;
    this.#ended = ended;
    this.#deadline =
      start.timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + start.timeoutMs;
  }

  /** The call has ended, and not by its handler. */
  protected abstract cut(error: RpcError): void;

  /** The header section, unless it is sent or nobody would get it. */
  protected respond(fields: Fields): void {
    if (this.isOver || this.#hasResponded) return;
    this.#hasResponded = true;
    const { contentType, start } = this.#request;
    const head = responseHead(contentType, this.sendsGzip);
    try {
      this.stream.respond(head, headerFields(fields, start.peer.isSlipstream));
    } catch (thrown) {
      // Larger than the client takes: it is told so instead.
      const error = new RpcError(
        "resource_exhausted",
        `the header cannot be sent: ${(thrown as Error).message}`,
      );
      this.isOver = true;
      this.#endAtOnce(error, trailerFields(error, noFields, undefined, start.peer.isSlipstream));
      this.stopClient();
      this.cut(error);
      this.#ended.end(error);
    }
  }

  /** The trailer section, behind all that was sent. */
  protected finish(
    error: CallError | undefined,
    trailer: Fields,
    backward: ReadonlyMap<string, string> | undefined,
  ): void {
    this.isOver = true;
    const fields = trailerFields(error, trailer, backward, this.start.peer.isSlipstream);
    if (!this.#hasResponded) this.#endAtOnce(error, fields);
    else if (error !== undefined) this.stream.end(undefined, fields);
    else this.stream.end(success, fields.length === 0 ? undefined : fields);
    this.stopClient();
  }

  /** Ends a call of which nothing was sent: header and trailer in one section. */
  #endAtOnce(error: CallError | undefined, fields: ReturnType<typeof trailerFields>): void {
    const head = responseHead(this.#request.contentType, false);
    try {
      this.stream.respond(head, error === undefined ? successTrailer(fields) : fields, true);
    } catch {
      this.stream.reset(ResetCode.internalError);
    }
  }

  /** The client need not go on sending to a call that is over. What we sent must have left before, or the reset would drop it. */
  protected stopClient(): void {
    if (!this.hasPeerEnded && this.stream.bufferedBytes === 0) this.stream.reset(ResetCode.noError);
  }

  onClose(reason: StreamClose | undefined): void {
    this.hasPeerEnded = true;
    if (this.isOver) return;
    this.isOver = true;
    const error = closeToCancel(reason, this.#isNearDeadline());
    this.cut(error);
    this.#ended.end(error);
  }

  #isNearDeadline(): boolean {
    const { timeoutMs } = this.start;
    if (timeoutMs === undefined) return false;
    return this.#deadline - performance.now() <= Math.max(nearDeadlineMs, timeoutMs * nearDeadlinePart);
  }
}
