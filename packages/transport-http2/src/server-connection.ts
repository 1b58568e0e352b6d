import type { Socket } from "node:net";
import type {
  Fields as H2Fields,
  PeerSettings,
  Session,
  SessionEvent,
  SessionHandler,
  Stream,
  StreamHandler,
} from "@slipstream/h2";
import { Ending, noFields, RpcError, type ServerHandler } from "@slipstream/stream";
import { ResetCode } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import { BadRequest, type ConnectionPeer, type Request, RequestReader } from "./received-request.ts";
import { responseHead, trailerFields } from "./response.ts";
import { ServerCall } from "./server-call.ts";
import { ServerStream } from "./server-stream.ts";

const transport = "http2";

/** A server's session, and the streams that its client opens. */
export class ServerConnection implements SessionHandler {
  readonly #session: Session;
  readonly #peer: ConnectionPeer;
  readonly #requests: RequestReader;
  readonly #handler: ServerHandler;
  readonly #options: ResolvedOptions;
  readonly #onClosed: () => void;
  /** The call whose header section came last in this turn. */
  #expected: ServerCall | undefined;

  constructor(socket: Socket, handler: ServerHandler, options: ResolvedOptions, onClosed: () => void) {
    this.#handler = handler;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#peer = { address: peerOf(socket), transport, ...("encrypted" in socket && { tls: socket }) };
    this.#requests = new RequestReader(this.#peer);
    this.#session = options.engine.accept(socket, this, options.settings);
    options.onEvent({ type: "connection_opened", transport, side: "server", peer: this.#peer.address });
  }

  /** As Kitex does: GOAWAY in two steps, so that what the client has sent already is still served. */
  drain(): void {
    this.#session.shutdown({ debug: "graceful shutdown" });
  }

  /** Calls in flight have been ended with `unavailable` before: what is left here has nobody that would answer. */
  close(): void {
    this.#session.destroy(ResetCode.noError, "graceful shutdown");
  }

  onStream(stream: Stream, fields: H2Fields): StreamHandler {
    const ended = new Ending();
    let request: Request;
    try {
      request = this.#requests.read(fields, ended);
    } catch (thrown) {
      return refuse(stream, thrown as BadRequest);
    }
    if (request.isSingleCall)
      return this.#expect(new ServerCall(stream, request, ended, this.#options, this.#handler));
    const served = new ServerStream(stream, request, ended, this.#options);
    this.#handler.stream(served);
    return served;
  }

  /** The rest of a call is expected right behind its header section: within what is being read, and before that of another. */
  #expect(call: ServerCall): ServerCall {
    if (this.#expected === undefined) process.nextTick(this.#expectNoLonger);
    else this.#expected.waitNoLonger();
    this.#expected = call;
    return call;
  }

  readonly #expectNoLonger = (): void => {
    const call = this.#expected;
    this.#expected = undefined;
    call?.waitNoLonger();
  };

  onSettings(_: PeerSettings): void {}

  onGoaway(): void {}

  onClose(cause: Error | undefined): void {
    this.#onClosed();
    const error = cause && new RpcError("unavailable", `connection lost: ${cause.message}`, { cause });
    const peer = this.#peer.address;
    this.#options.onEvent({
      type: "connection_closed",
      transport,
      side: "server",
      peer,
      ...(error && { error }),
    });
  }

  onEvent({ type, message }: SessionEvent): void {
    if (type !== "limit") return;
    const error = new RpcError("resource_exhausted", message);
    this.#options.onEvent({ type: "limit_hit", transport, peer: this.#peer.address, error });
  }
}

/** Answers what is no call, or one that we cannot serve. */
function refuse(stream: Stream, { error, resetCode }: BadRequest): StreamHandler {
  if (resetCode === undefined) {
    stream.respond(
      responseHead("application/grpc", false),
      trailerFields(error, noFields, undefined, false),
      true,
    );
  }
  return new Refused(stream, resetCode ?? ResetCode.noError);
}

/** Hears of a stream that has been answered already. */
class Refused implements StreamHandler {
  constructor(stream: Stream, resetCode: number) {
    // Not before the session knows who hears of the stream.
    queueMicrotask(() => stream.reset(resetCode));
  }

  onInformational(): void {}
  onHeaders(): void {}
  onData(): void {}
  onTrailers(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}
}

function peerOf(socket: Socket): string {
  if (socket.remoteAddress === undefined) return "unix";
  const host = socket.remoteFamily === "IPv6" ? `[${socket.remoteAddress}]` : socket.remoteAddress;
  return `${host}:${socket.remotePort}`;
}
