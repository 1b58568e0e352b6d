/** What both sides agree on when the connection is made: binary messages of TTHeader frames, both ends Slipstream. */
export const subprotocol = "slipstream.v1";

export const transportName = "websocket";
