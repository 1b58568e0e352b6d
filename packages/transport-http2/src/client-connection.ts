import type { Socket } from "node:net";
import {
  H2Error,
  type PeerSettings,
  type Session,
  type SessionEvent,
  type SessionHandler,
  type Stream,
  type StreamHandler,
} from "@slipstream/h2";
import { type Address, type Peer, RpcError } from "@slipstream/stream";
import { ResetCode } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import { ResponseReader } from "./received-response.ts";
import { RequestSections } from "./request.ts";

const transport = "http2";

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** The server takes no new streams here. */
  onDraining(connection: ClientConnection): void;
  onClosed(connection: ClientConnection, error: Error | undefined): void;
}

/** A client's session, and what its requests have in common. */
export class ClientConnection implements SessionHandler {
  readonly session: Session;
  readonly options: ResolvedOptions;
  readonly requests: RequestSections;
  readonly responses: ResponseReader = new ResponseReader();
  readonly peer: Peer;
  /** Streams opened so far. */
  opened = 0;
  readonly #owner: ConnectionOwner;

  constructor(socket: Socket, address: Address, options: ResolvedOptions, owner: ConnectionOwner) {
    const isTls = "encrypted" in socket;
    this.options = options;
    this.#owner = owner;
    this.requests = new RequestSections({
      scheme: isTls ? "https" : "http",
      authority: options.destination ?? (address.scheme === "unix" ? "localhost" : address.key),
      acceptsGzip: options.acceptsGzip,
      sendsGzip: options.sendsGzip,
    });
    this.peer = {
      address: address.key,
      transport,
      protocol: "grpc",
      // HTTP/2 says nothing of a server before it answers.
      isSlipstream: false,
      ...(isTls && { tls: socket }),
    };
    this.session = options.engine.connect(socket, this, options.settings);
  }

  onStream(stream: Stream): StreamHandler {
    // A server opens streams only by PUSH_PROMISE, which our SETTINGS forbid.
    stream.reset(ResetCode.refusedStream);
    throw new Error("a server opened a stream");
  }

  onSettings(_: PeerSettings): void {}

  onGoaway(): void {
    this.#owner.onDraining(this);
  }

  onClose(error: Error | undefined): void {
    this.#owner.onClosed(this, error);
  }

  onEvent({ type, message }: SessionEvent): void {
    if (type !== "limit") return;
    const error = new RpcError("resource_exhausted", message);
    this.options.onEvent({ type: "limit_hit", transport, peer: this.peer.address, error });
  }
}

/** What a session says when it cannot open a stream. */
export function openFailure(thrown: unknown, peer: string): RpcError {
  if (!(thrown instanceof H2Error)) return RpcError.from(thrown);
  return thrown.code === ResetCode.refusedStream
    ? new RpcError("unavailable", `${peer} takes no new stream: ${thrown.message}`, {
        cause: thrown,
        retryable: true,
      })
    : new RpcError("resource_exhausted", `the header cannot be sent: ${thrown.message}`, { cause: thrown });
}
