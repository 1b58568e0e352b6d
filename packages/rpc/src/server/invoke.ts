import type { Context, runWithContext } from "@slipstream/metainfo";
import { type CallInfo, RpcError } from "@slipstream/stream";
import type { CallScope } from "./call-scope.ts";
import type { Entry } from "./registry.ts";
import type { ServerMessageStream } from "./server-stream.ts";

/** Runs a function as part of a call that has this context. */
export type RunWithContext = typeof runWithContext;

/** Where the context of a call is not ambient. */
export const runPlainly: RunWithContext = (_context, fn, ...args) => fn(...args);

/**
 * Runs the handler itself, the innermost step of the middleware chain, with the context that middleware passed on. Gives
 * what the handler gives: for ping-pong a response or a promise of it.
 */
export function invoke(entry: Entry, info: CallInfo, request: unknown, run: RunWithContext): unknown {
  const scope = info.stream as CallScope;
  if (info.context !== scope.context) scope.adopt(info);
  return info.isStreaming
    ? run(
        info.context,
        runStreamHandler,
        entry,
        scope as ServerMessageStream,
        request as ServerMessageStream,
        run,
      )
    : run(info.context, entry.handle, request, scope);
}

/**
 * `stream` is what middleware left of `own`: the same, or a decorator. The steps that handlers do not see (the one request
 * of a server stream, the one response of a client stream) are done on `own`: a decorator need not have them. Gives a
 * promise, unless the handler is done at once.
 */
function runStreamHandler(
  entry: Entry,
  own: ServerMessageStream,
  stream: ServerMessageStream,
  run: RunWithContext,
): unknown {
  const { kind } = entry.method;
  if (kind === "client") return respond(entry, own, stream);
  if (kind === "server") return serveRequest(entry, own, stream, run);
  return untilDone(entry.handle(stream), stream, own.context, run);
}

async function respond(
  entry: Entry,
  own: ServerMessageStream,
  stream: ServerMessageStream,
): Promise<undefined> {
  await own.send(await entry.handle(stream));
}

async function serveRequest(
  entry: Entry,
  own: ServerMessageStream,
  stream: ServerMessageStream,
  run: RunWithContext,
): Promise<undefined> {
  const request = await own.recv();
  if (request === undefined) {
    throw new RpcError("invalid_argument", `${entry.method.name}: expected one request, got none`);
  }
  await untilDone(entry.handle(request, stream), stream, own.context, run);
}

function untilDone(
  result: unknown,
  stream: ServerMessageStream,
  context: Context,
  run: RunWithContext,
): unknown {
  return isAsyncIterable(result) ? sendAll(result, stream, context, run) : result;
}

/** Sends what a handler yields. It pulls inside the handler's own context, and so lets it see the ambient one. */
async function sendAll(
  messages: AsyncIterable<unknown>,
  stream: ServerMessageStream,
  context: Context,
  run: RunWithContext,
): Promise<void> {
  const iterator = messages[Symbol.asyncIterator]();
  const leave = async (): Promise<void> => {
    try {
      await iterator.return?.();
    } catch {
      // The call is over for another reason, and that is what its caller hears.
    }
  };
  // One that waits for its next message learns that nobody wants it any more; a generator does so at its next yield.
  const stopListening = context.onEnd(() => void run(context, leave));
  try {
    for (;;) {
      const next = await iterator.next();
      if (next.done) return;
      try {
        await stream.send(next.value);
      } catch (thrown) {
        await leave();
        throw thrown;
      }
    }
  } finally {
    stopListening();
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
