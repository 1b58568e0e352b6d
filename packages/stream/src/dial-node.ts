import { isIP, connect as netConnect, type Socket } from "node:net";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { Address } from "./address.ts";
import { RpcError } from "./errors.ts";
import { connectLending } from "./lending-socket-node.ts";

/** A connection that is being made. */
export interface Dial {
  /** Destroying it gives up. */
  readonly socket: Socket;
  /** Rejects with a retryable `unavailable`. */
  readonly connected: Promise<Socket>;
}

export interface DialOptions {
  /** Connects with TLS; the server's name comes from the address unless it is given here. */
  readonly tls?: ConnectionOptions | undefined;
  /** The protocol on which both must agree when it is TLS. */
  readonly alpn?: string;
  /** TCP keep-alive: milliseconds of silence before the first probe. @defaultValue 0: off */
  readonly keepAliveMs?: number;
  /** Emits {@link lentDataEvent} instead of `data` where somebody listens for it; never with TLS. @defaultValue false */
  readonly lendsData?: boolean;
}

/** Connects to an address, over TCP or a Unix socket. */
export function dial(address: Address, { tls, alpn, keepAliveMs = 0, lendsData = false }: DialOptions): Dial {
  const to =
    address.scheme === "unix"
      ? { path: address.path ?? "" }
      : { host: address.host ?? "", port: address.port ?? 0 };
  const name = address.host !== undefined && isIP(address.host) === 0 ? { servername: address.host } : {};
  const offer = alpn === undefined ? {} : { ALPNProtocols: [alpn] };
  const connectPlain = lendsData ? connectLending : netConnect;
  const socket = tls === undefined ? connectPlain(to) : tlsConnect({ ...name, ...tls, ...to, ...offer });
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
      if (tls !== undefined && alpn !== undefined && (socket as TLSSocket).alpnProtocol !== alpn) {
        const agreed = (socket as TLSSocket).alpnProtocol || "nothing";
        failed(new Error(`the server did not agree on ALPN "${alpn}", but on ${agreed}`));
        return;
      }
      settle();
      // As options they are only heeded without TLS.
      socket.setNoDelay(true);
      if (keepAliveMs > 0) socket.setKeepAlive(true, keepAliveMs);
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
