import { BrowserLink } from "./browser-link.ts";
import type { Dial } from "./dial.ts";
import { openWebSocket } from "./platform.ts";
import { subprotocol } from "./subprotocol.ts";

/** What a page needs of a session, and no more. */
export { SlipstreamClientSession as ClientSession } from "@slipstream/ttheader";

/** A browser answers pings by itself but cannot send any, so the session asks with a frame of its own. */
export const hasPing = false;

/** Connects with the browser's own WebSocket, which fails by itself when the server does not speak our subprotocol. */
export function createDial(): Dial {
  return (url, events) => {
    const socket = openWebSocket(url, subprotocol);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => events.onOpen(new BrowserLink(socket));
    // Browsers do not tell a page why.
    socket.onclose = ({ code, reason }) =>
      events.onFailed(
        new Error(`the WebSocket could not be opened (code ${code}${reason && `, ${reason}`})`),
      );
    return () => {
      socket.onopen = null;
      socket.onclose = null;
      socket.close();
    };
  };
}
