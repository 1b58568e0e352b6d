import type { Context } from "@slipstream/metainfo";
import type {
  Middleware,
  MiddlewareBuilder,
  OnEvent,
  ServerStart,
  ServerTransport,
  Tracer,
} from "@slipstream/stream";
import type { MetainfoPropagation } from "../client-options.ts";

export interface ServerOptions {
  /** What calls come in over; those on sockets share one port, and each connection's protocol is detected. */
  readonly transports: readonly ServerTransport[];
  /** This server's name, by which services that it calls know it. @defaultValue the name of the service called */
  readonly name?: string;
  /** The first is the outermost. */
  readonly middleware?: readonly (Middleware | MiddlewareBuilder)[];
  readonly tracers?: readonly Tracer[];
  /** Run in order on each call, before its context reaches tracers and middleware. */
  readonly metaHandlers?: readonly MetaHandler[];
  /**
   * Asked before anything of a call is decoded. Throws (an RpcError keeps its code) to turn the call away; a function it
   * returns is called when the call is over.
   */
  readonly admit?: (start: ServerStart) => (() => void) | undefined | void;
  /** Sum of all keys and values of a header or a trailer, in bytes. @defaultValue 32,768 */
  readonly maxMetadataBytes?: number;
  /** See the client's option of this name: here it decides what handlers pass on. @defaultValue "single-hop" */
  readonly metainfoPropagation?: MetainfoPropagation;
  /**
   * Whether a handler's context is the current one of all that the handler does: calls that it makes without `context`
   * continue its own. With `false` they start from nothing, unless given `stream.context` or `call.context`.
   *
   * It rests on `AsyncLocalStorage`. Before Node 24 the first use of one makes every promise of the process dearer, which a
   * server that sends small messages by the million and calls nobody need not pay.
   *
   * @defaultValue true
   */
  readonly ambientContext?: boolean;
  readonly onEvent?: OnEvent;
}

/** Adds to the context of calls that come in. */
export interface MetaHandler {
  /** Returns the context that the call goes on with. What it throws fails the call. */
  onReadStream?(context: Context, start: ServerStart): Context;
  /** The same for ping-pong and unary calls. */
  onReadCall?(context: Context, start: ServerStart): Context;
}
