// What two Slipstream peers tell each other in META frames: see `Control`.
/** "I am Slipstream", with a window; the first frame of a client, and a server's answer to it. */
export const hello = "slipstream";
/** Stream 0: credit for each new stream. Another stream: how far it may go, in all. */
export const window = "slipstream-window";
/** Open no new streams on this connection. */
export const drain = "slipstream-drain";
/** A token to be sent back as pong: whether somebody is there. */
export const ping = "slipstream-ping";
export const pong = "slipstream-pong";
