import type { SessionOptions } from "@slipstream/h2";
import { createClientSession, createServerSession } from "@slipstream/h2/node";
import type { SessionEngine } from "./session-engine.ts";

/**
 * Sessions of `@slipstream/h2`: opening a stream costs a thirtieth of what it costs with `node:http2`, and every abuse has a
 * limit. `options` go before what the transport's own options say of the same.
 */
export function h2Sessions(options: SessionOptions = {}): SessionEngine {
  return {
    name: "h2",
    connect: (socket, handler, settings) => createClientSession(socket, handler, { ...settings, ...options }),
    accept: (socket, handler, settings) => createServerSession(socket, handler, { ...settings, ...options }),
  };
}
