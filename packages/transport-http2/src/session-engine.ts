import type { Socket } from "node:net";
import type { Session, SessionHandler } from "@slipstream/h2";

/** What every engine of sessions is asked to heed. Sizes are bytes. */
export interface SessionSettings {
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** How far both windows may grow by what an engine measures; one that measures nothing keeps the windows as they are. */
  readonly maxWindowBytes: number;
  readonly maxConcurrentStreams: number;
  readonly maxHeaderListBytes: number;
  /** 0: never. */
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly keepaliveWithoutStreams: boolean;
}

/**
 * The seam between gRPC and HTTP/2: makes sessions on sockets. Everything above it speaks to the `Session`, `Stream` and
 * handler interfaces of `@slipstream/h2`, whoever fills them.
 */
export interface SessionEngine {
  readonly name: string;
  /** The client's end, on a connected socket; with TLS, one that agreed on `h2`. The socket is the session's from here on. */
  connect(socket: Socket, handler: SessionHandler, settings: SessionSettings): Session;
  /** The server's end, on an accepted socket, to which bytes that were read may have been put back. */
  accept(socket: Socket, handler: SessionHandler, settings: SessionSettings): Session;
}
