import type { CallInfo } from "./call-info.ts";

/**
 * Runs the call. What it takes and gives depends on the side and the kind:
 *
 * | | `request` | result |
 * |---|---|---|
 * | client, ping-pong and unary | the request | the response |
 * | client, streaming (all three kinds) | `undefined` | the client's stream; may be replaced by a decorator |
 * | server, ping-pong and unary | the request | the response |
 * | server, streaming | the server's stream; may be replaced by a decorator | `undefined` |
 *
 * On a client it covers a whole ping-pong call but only the opening of a stream; on a server the whole handler.
 * A rejection means: not opened, or failed.
 */
export type CallHandler = (info: CallInfo, request: unknown) => Promise<unknown>;

/** Sends one message of a stream. `undefined` instead of a promise: accepted, with room for more. */
export type SendHandler = (info: CallInfo, message: unknown) => Promise<void> | undefined;

/**
 * Receives one message of a stream; `undefined` at its end. A business status is no error here: it ends normally,
 * `info.bizStatus` is set, and the caller of `recv` gets it thrown.
 */
export type RecvHandler = (info: CallInfo) => Promise<unknown>;

/**
 * Wraps calls, on clients and servers alike; the first of a list is the outermost. Each part is called once for each
 * call (`call` once for each client or server), to wrap what comes after it; a part that is absent costs nothing.
 *
 * `next` of `call` may run again for a ping-pong call, and for a stream while it rejected: no stream was handed out.
 *
 * @example
 * const timing: Middleware = {
 *   call: (next) => async (info, request) => {
 *     const start = performance.now();
 *     try {
 *       return await next(info, request);
 *     } finally {
 *       console.log(info.method, performance.now() - start);
 *     }
 *   },
 * };
 */
export interface Middleware {
  call?(next: CallHandler): CallHandler;
  /** Around each message sent on a stream: readable before `next`. */
  send?(next: SendHandler): SendHandler;
  /** Around each message received on a stream: there after `next`. */
  recv?(next: RecvHandler): RecvHandler;
}

/** What a builder is told: the client or server that the middleware is for. */
export interface MiddlewareInit {
  readonly side: "client" | "server";
  /** Service of a client; a server's own name. */
  readonly service: string;
}

/** Makes a middleware for one client or server, or nothing. Called once, when that is created. */
export type MiddlewareBuilder = (init: MiddlewareInit) => Middleware | undefined;

/** Runs the builders of a list, in place, and leaves out those that gave nothing. */
export function buildMiddleware(
  list: readonly (Middleware | MiddlewareBuilder)[],
  init: MiddlewareInit,
): readonly Middleware[] {
  const built: Middleware[] = [];
  for (const entry of list) {
    const middleware = typeof entry === "function" ? entry(init) : entry;
    if (middleware) built.push(middleware);
  }
  return built;
}

/** `handler` inside the `call` parts of `list`. */
export function composeCall(list: readonly Middleware[], handler: CallHandler): CallHandler {
  return list.reduceRight((next, middleware) => middleware.call?.(next) ?? next, handler);
}

/** `handler` inside the `send` parts of `list`; the handler itself when there are none. */
export function composeSend(list: readonly Middleware[], handler: SendHandler): SendHandler {
  return list.reduceRight((next, middleware) => middleware.send?.(next) ?? next, handler);
}

/** `handler` inside the `recv` parts of `list`; the handler itself when there are none. */
export function composeRecv(list: readonly Middleware[], handler: RecvHandler): RecvHandler {
  return list.reduceRight((next, middleware) => middleware.recv?.(next) ?? next, handler);
}
