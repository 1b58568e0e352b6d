import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ResolvedSessionOptions } from "@slipstream/ttheader";
import { WebSocket } from "ws";
import type { WebSocketOptions } from "./client-options.ts";
import type { Dial, DialEvents, NodeOptions } from "./dial.ts";
import { closeOptions, WsLink } from "./node/ws-link.ts";
import { heartbeatIntervalMs, maxPayloadBytes } from "./options.ts";
import { subprotocol } from "./subprotocol.ts";

/** The one that remembers what a busy client says again and again. */
export { ClientSession } from "@slipstream/ttheader";

/** `ws` sends pings, so the session does not have to. */
export const hasPing = true;

/** As much of a refusal as an error may quote. */
const maxQuotedLength = 200;

/**
 * Connects with `ws`, as the options say.
 * @throws RpcError `invalid_argument` for one that is outside its range
 */
export function createDial(options: WebSocketOptions, session: ResolvedSessionOptions): Dial {
  const pingIntervalMs = heartbeatIntervalMs(options);
  const { perMessageDeflate = false, headers, tls }: NodeOptions = options.node ?? {};
  const socketOptions = {
    perMessageDeflate,
    maxPayload: maxPayloadBytes(options, session),
    headers: { ...headers },
    ...closeOptions,
    ...(tls as object | undefined),
  };
  return (url, events) => connect(new WebSocket(url, subprotocol, socketOptions), pingIntervalMs, events);
}

function connect(socket: WebSocket, pingIntervalMs: number, events: DialEvents): () => void {
  let tcp: Socket | undefined;
  let isSettled = false;
  const fail = (error: Error): void => {
    if (isSettled) return;
    isSettled = true;
    socket.terminate();
    events.onFailed(error);
  };
  socket
    .once("upgrade", (response: IncomingMessage) => {
      tcp = response.socket;
    })
    .once("open", () => {
      isSettled = true;
      events.onOpen(new WsLink(socket, tcp as Socket, false, pingIntervalMs));
    })
    .once("unexpected-response", (_, response) => {
      let text = "";
      const refused = (): void =>
        fail(
          new Error(`the server answered ${response.statusCode}: ${text.slice(0, maxQuotedLength).trim()}`),
        );
      response
        .setEncoding("utf8")
        .on("data", (part: string) => {
          text += part;
          if (text.length > maxQuotedLength) refused();
        })
        .once("end", refused)
        .once("error", refused);
    })
    // Stays: giving up makes one more error.
    .on("error", fail);
  return () => {
    isSettled = true;
    socket.terminate();
  };
}
