import { BrowserLink } from "./browser-link.ts";
import type { Dial, DialOptions, StartableLink } from "./dial.ts";
import { openWebSocket } from "./platform.ts";
import { subprotocol } from "./subprotocol.ts";

/** A browser answers pings by itself but cannot send any, so the session asks with a frame of its own. */
export const hasPing = false;

/** Connects with the browser's own WebSocket. */
export function dial({ url }: DialOptions): Dial {
  const socket = openWebSocket(url, subprotocol);
  socket.binaryType = "arraybuffer";
  const connected = new Promise<StartableLink>((resolve, reject) => {
    socket.onopen = () => {
      if (socket.protocol === subprotocol) {
        resolve(new BrowserLink(socket));
      } else {
        socket.close();
        reject(new Error(`the server does not speak ${subprotocol}`));
      }
    };
    // Browsers do not tell a page why.
    socket.onclose = ({ code, reason }) =>
      reject(new Error(`the WebSocket could not be opened (code ${code}${reason ? `, ${reason}` : ""})`));
    socket.onerror = () => {};
  });
  return { connected, abort: () => socket.close() };
}
