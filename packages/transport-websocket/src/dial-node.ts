import { WebSocket } from "ws";
import type { Dial, DialOptions, StartableLink } from "./dial.ts";
import { subprotocol } from "./subprotocol.ts";
import { WsLink } from "./ws-link.ts";

/** `ws` sends pings, so the session does not have to. */
export const hasPing = true;

/** Connects with `ws`. */
export function dial({ url, maxFrameBytes, node, heartbeatIntervalMs }: DialOptions): Dial {
  const socket = new WebSocket(url, subprotocol, {
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    headers: { ...node.headers },
    ...(node.tls as object | undefined),
  });
  const connected = new Promise<StartableLink>((resolve, reject) => {
    socket
      .once("open", () => {
        socket.off("error", reject);
        resolve(new WsLink(socket, heartbeatIntervalMs));
      })
      .once("error", reject)
      .once("unexpected-response", (_, response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          if (text.length < 200) text += part;
        });
        response.on("end", () =>
          reject(new Error(`the server answered ${response.statusCode}: ${text.slice(0, 200)}`)),
        );
        response.on("error", reject);
      });
  });
  return {
    connected,
    abort: () => {
      socket.on("error", () => {});
      socket.terminate();
    },
  };
}
