import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ServerTransport } from "./transport.ts";

export type { Dial, DialOptions } from "./dial-node.ts";
export { cannotConnect, dial } from "./dial-node.ts";
export type { LentMemory } from "./lending-socket-node.ts";
export { lentDataEvent } from "./lending-socket-node.ts";

/**
 * A server's transport that takes connections from a listener which it shares with others: the listener reads the
 * first bytes, asks each transport in turn, and hands the socket over with those bytes put back.
 */
export interface SocketTransport extends ServerTransport {
  /**
   * Whether a connection that starts with these bytes is for this transport. `more` asks to be called again with more;
   * the listener gives at most {@link maxDetectBytes}, and closes a connection that nobody takes.
   * `tls.alpn` is the protocol agreed on, `false` for none.
   */
  detect(head: Uint8Array, tls?: { readonly alpn: string | false }): "yes" | "no" | "more";
  /** ALPN names to offer, in order of preference. */
  readonly alpn?: readonly string[];
  /**
   * Order among transports on one port, low first: HTTP/2 preface 10, TTHeader 20, strict Thrift 30, framed Thrift 40,
   * HTTP/1.1 50.
   */
  readonly detectOrder: number;
  /** Takes a connection over; the transport closes it. Called only between `serve` and `close`. */
  accept(socket: Socket | TLSSocket): void;
}

/** The most bytes a listener collects before it gives up on a connection. */
export const maxDetectBytes = 16;

export function isSocketTransport(transport: ServerTransport): transport is SocketTransport {
  return "accept" in transport && "detect" in transport;
}

/**
 * The transport for a connection that starts with `head`: of transports in their `detectOrder`, the first that takes it.
 * `more` while an earlier one may still take it, up to {@link maxDetectBytes}; `undefined` when none does.
 */
export function chooseTransport<T extends SocketTransport>(
  transports: readonly T[],
  head: Uint8Array,
  tls?: { readonly alpn: string | false },
): T | "more" | undefined {
  for (const transport of transports) {
    const answer = transport.detect(head, tls);
    if (answer === "yes") return transport;
    // A later transport must not take what an earlier one may still recognise.
    if (answer === "more" && head.length < maxDetectBytes) return "more";
  }
  return undefined;
}
