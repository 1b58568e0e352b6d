import { isIP, connect as netConnect, type Socket } from "node:net";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { ALPN } from "@slipstream/h2/node";
import { type Address, RpcError } from "@slipstream/stream";
import type { ResolvedOptions } from "./options.ts";

/** A connection that is being made. */
export interface Dial {
  readonly socket: Socket;
  /** Rejects with a retryable `unavailable`. */
  readonly connected: Promise<Socket>;
}

/** Connects to an address, with TLS if the options say so. Destroying the socket gives up. */
export function dial(address: Address, { tls }: Pick<ResolvedOptions, "tls">): Dial {
  const to =
    address.scheme === "unix"
      ? { path: address.path ?? "" }
      : { host: address.host ?? "", port: address.port ?? 0 };
  const name = address.host !== undefined && isIP(address.host) === 0 ? { servername: address.host } : {};
  const socket =
    tls === undefined ? netConnect(to) : tlsConnect({ ...name, ...tls, ...to, ALPNProtocols: [ALPN] });
  const connected = new Promise<Socket>((resolve, reject) => {
    const settle = (): void => {
      socket.off("error", failed).off("close", closed).off(ready, done);
    };
    const failed = (cause: Error): void => {
      settle();
      // A socket without listener would throw what else goes wrong.
      socket.on("error", () => {});
      socket.destroy();
      reject(cannotConnect(address, cause.message, cause));
    };
    const closed = (): void => failed(new Error("the connection was closed before it was made"));
    const done = (): void => {
      if (tls !== undefined && (socket as TLSSocket).alpnProtocol !== ALPN) {
        const agreed = (socket as TLSSocket).alpnProtocol || "nothing";
        failed(new Error(`the server did not agree on HTTP/2 (ALPN "${ALPN}"), but on ${agreed}`));
        return;
      }
      settle();
      // As an option it is only heeded without TLS.
      socket.setNoDelay(true);
      resolve(socket);
    };
    const ready = tls === undefined ? "connect" : "secureConnect";
    socket.once("error", failed).once("close", closed).once(ready, done);
  });
  return { socket, connected };
}

/** The error for an address that cannot be reached: nothing was sent, so another may be tried. */
export function cannotConnect(address: Address, why: string, cause?: unknown): RpcError {
  return new RpcError("unavailable", `cannot connect to ${address.key}: ${why}`, { cause, retryable: true });
}
