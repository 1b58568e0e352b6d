import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import type { DialEvents, DialOptions } from "./dial.ts";
import { closeOptions, WsLink } from "./node/ws-link.ts";
import { subprotocol } from "./subprotocol.ts";

/** The one that remembers what a busy client says again and again. */
export { ClientSession } from "@slipstream/ttheader";

/** `ws` sends pings, so the session does not have to. */
export const hasPing = true;

/** As much of a refusal as an error may quote. */
const maxQuotedLength = 200;

/** Connects with `ws`. Returns what gives the attempt up. */
export function dial(
  { url, maxPayloadBytes, node, pingIntervalMs }: DialOptions,
  events: DialEvents,
): () => void {
  const socket = new WebSocket(url, subprotocol, {
    perMessageDeflate: node.perMessageDeflate ?? false,
    maxPayload: maxPayloadBytes,
    headers: { ...node.headers },
    ...closeOptions,
    ...(node.tls as object | undefined),
  });
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
