import {
  allBackwardValuesToSend,
  type Cancellable,
  Context,
  currentContext,
  Metadata,
  newIncomingContext,
  runWithContext,
  withBackwardValuesToSend,
  withCancel,
  withForwardValues,
  withTimeout,
} from "@slipstream/metainfo";
import {
  type CallError,
  type CallHandler,
  CallInfo,
  isCallKind,
  type Middleware,
  noFields,
  type Reply,
  RpcError,
  type ServerByteStream,
  type ServerStart,
  type StreamEnd,
} from "@slipstream/stream";
import { callerKey } from "../caller.ts";
import { handlerReturned, reasonToError, thrownToError } from "../reasons.ts";
import { reportHook, resultOf, Trace } from "../trace.ts";
import type { ActiveCall, ActiveCalls } from "./active-calls.ts";
import { CallScope } from "./call-scope.ts";
import type { ServerOptions } from "./options.ts";
import type { Entry } from "./registry.ts";
import { ServerMessageStream } from "./server-stream.ts";

/** What all calls of a server share. */
export interface ServerRuntime {
  readonly options: ServerOptions;
  readonly middleware: readonly Middleware[];
  /** Middleware around {@link invoke}. */
  readonly handler: CallHandler;
  readonly maxMetadataBytes: number;
  readonly active: ActiveCalls;
}

/** Where the end of a call goes; called once. */
type Settle = (error: CallError | undefined) => void;

/** One call in flight: its context, and its one end, whoever brings it about. */
class ServerCallRun implements ActiveCall {
  slot = 0;
  readonly info: CallInfo;
  readonly trace: Trace | undefined;
  readonly #runtime: ServerRuntime;
  readonly #cancellable: Cancellable;
  readonly #release: (() => void) | undefined | void;
  readonly #unlisten: () => void;
  readonly #stopWatching: () => void;
  readonly #settle: Settle;
  #isSettled = false;

  /** @throws what `admit` or a meta handler throws: the call is turned away. */
  constructor(runtime: ServerRuntime, entry: Entry, start: ServerStart, settle: Settle) {
    const { options } = runtime;
    this.#runtime = runtime;
    this.#settle = settle;
    this.#release = options.admit?.(start);
    try {
      this.#cancellable = withCancel(contextOf(entry, start, options));
      let { context } = this.#cancellable;
      if (start.timeoutMs !== undefined) context = withTimeout(context, start.timeoutMs);
      const isCall = isCallKind(entry.method.kind);
      for (const meta of options.metaHandlers ?? []) {
        context =
          (isCall ? meta.onReadCall?.(context, start) : meta.onReadStream?.(context, start)) ?? context;
      }
      const info = new CallInfo({
        side: "server",
        service: entry.service.name,
        descriptor: entry.method,
        context,
        peer: start.peer,
      });
      this.trace = Trace.start(options.tracers ?? [], info, options.onEvent);
      this.info = this.trace ? info.withContext(this.trace.context) : info;
      // The deadline, a shutdown and the peer's cancel end the call at once, without waiting for the handler.
      this.#stopWatching = context.onEnd((reason) => this.end(reasonToError(reason)));
      this.#unlisten = start.ended.onEnd((reason) => this.#cancellable.cancel(reason));
      runtime.active.add(this);
    } catch (thrown) {
      this.#release?.();
      throw thrown;
    }
  }

  /** Runs middleware and handler, and gives what they return. */
  run(request: unknown): Promise<unknown> {
    return runWithContext(this.info.context, () => this.#runtime.handler(this.info, request));
  }

  /** The call's outcome for its peer; only the first counts. */
  end(error: CallError | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(error);
  }

  abort(reason: RpcError): void {
    this.#cancellable.cancel(reason);
  }

  /** The handler is done: what it started with its context ends, and nothing of the call is left behind. */
  finish(error: unknown): void {
    this.#stopWatching();
    this.#unlisten();
    this.#runtime.active.remove(this);
    this.#cancellable.cancel(handlerReturned);
    this.trace?.finish(resultOf(error));
    try {
      this.#release?.();
    } catch (thrown) {
      reportHook(this.#runtime.options.onEvent, "admit", thrown);
    }
  }
}

/** The context of a call as it came off the wire. */
function contextOf(entry: Entry, start: ServerStart, options: ServerOptions): Context {
  const isLegacy = options.metainfoPropagation === "legacy";
  let context = withForwardValues(Context.background, {
    persistent: start.persistent,
    // One hop means one hop: what was transient on the wire is upstream here, readable and not sent on.
    ...(isLegacy ? { transient: start.transient } : { upstream: start.transient }),
  });
  if (start.metadata.length > 0) context = newIncomingContext(context, Metadata.fromReceived(start.metadata));
  if (isCallKind(entry.method.kind)) context = withBackwardValuesToSend(context);
  return context.setValue(callerKey, {
    service: options.name ?? entry.service.name,
    method: entry.method.name,
  });
}

/** Serves a streaming method. Never rejects. */
export async function serveStream(
  runtime: ServerRuntime,
  entry: Entry,
  bytes: ServerByteStream,
): Promise<void> {
  let stream: ServerMessageStream | undefined;
  const run = begin(runtime, entry, bytes.start, (error) => endStream(bytes, stream, error));
  if (!run) return;
  let failure: unknown;
  try {
    stream = new ServerMessageStream(bytes, run.info, runtime, run.trace);
    run.info.stream = stream;
    if (run.trace?.hasEvents) run.trace.event({ type: "start" });
    await run.run(stream);
    run.end(undefined);
  } catch (thrown) {
    failure = thrownToError(thrown);
    run.end(failure as CallError);
  } finally {
    if (run.trace?.hasEvents) {
      run.trace.event({ type: "finish", ...(failure instanceof RpcError ? { error: failure } : undefined) });
    }
    run.finish(failure);
  }
}

/** Serves a ping-pong, oneway or unary method that came as a stream: one message each way. Never rejects. */
export async function serveCallOnStream(
  runtime: ServerRuntime,
  entry: Entry,
  bytes: ServerByteStream,
): Promise<void> {
  let request: Uint8Array | undefined;
  try {
    request = await bytes.recv();
    if (!request)
      throw new RpcError("invalid_argument", `${entry.method.name}: expected one request, got none`);
  } catch (thrown) {
    bytes.end({ error: thrownToError(thrown), trailer: noFields });
    return;
  }
  const reply = await serveCall(runtime, entry, bytes.start, request);
  if (!reply) {
    bytes.end({ trailer: noFields });
    return;
  }
  const { outcome, header, trailer, backward } = reply;
  if (header.length > 0) bytes.sendHeader(header);
  const end: StreamEnd = { trailer, backward };
  if ("error" in outcome) {
    bytes.end({ ...end, error: outcome.error });
    return;
  }
  try {
    // Not awaited: room for one message more is of no use to a call that ends with it.
    bytes.send(outcome.message)?.catch(() => {});
    bytes.end(end);
  } catch (thrown) {
    bytes.end({ ...end, error: thrownToError(thrown) });
  }
}

/** Serves a ping-pong, oneway or unary method. Never rejects; `undefined` when the caller expects no reply. */
export function serveCall(
  runtime: ServerRuntime,
  entry: Entry,
  start: ServerStart,
  request: Uint8Array,
): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    let scope: CallScope | undefined;
    const settle = (error: CallError | undefined): void => {
      if (error) resolve(replyOf({ error }, scope));
    };
    const run = begin(runtime, entry, start, settle);
    if (!run) return;
    scope = new CallScope(run.info, runtime.maxMetadataBytes);
    run.info.stream = scope;
    void answer(run, entry, request).then(({ outcome, failure }) => {
      if (entry.method.kind === "oneway") {
        if (failure) reportHook(runtime.options.onEvent, `oneway handler ${entry.method.name}`, failure);
        resolve(undefined);
      } else {
        resolve(replyOf(outcome, scope));
      }
      run.finish(failure);
    });
  });
}

async function answer(
  run: ServerCallRun,
  entry: Entry,
  bytes: Uint8Array,
): Promise<{ readonly outcome: Reply["outcome"]; readonly failure: unknown }> {
  const { request: requests, response: responses, name, kind } = entry.method;
  try {
    const request = decodeRequest(requests, bytes);
    const response = await run.run(request);
    const message = kind === "oneway" ? new Uint8Array() : encodeResponse(responses, response, name);
    return { outcome: { message }, failure: undefined };
  } catch (thrown) {
    const message = responses.encodeError?.(thrown);
    if (message) return { outcome: { message }, failure: undefined };
    const error = thrownToError(thrown);
    return { outcome: { error }, failure: error };
  }
}

function decodeRequest(codec: Entry["method"]["request"], bytes: Uint8Array): unknown {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    // 7: protocol error, what a Thrift peer expects for a body that cannot be read.
    throw new RpcError("internal", RpcError.from(cause).message, { cause, origin: { thriftType: 7 } });
  }
}

function encodeResponse(codec: Entry["method"]["response"], response: unknown, method: string): Uint8Array {
  try {
    return codec.encode(response);
  } catch (cause) {
    const why = RpcError.from(cause).message;
    throw new RpcError("internal", `the handler of ${method} returned what does not fit its type: ${why}`, {
      cause,
    });
  }
}

/** Runs the handler itself: the innermost step of the middleware chain. */
export function invoke(entry: Entry, info: CallInfo, request: unknown): Promise<unknown> {
  const scope = info.stream as CallScope;
  if (info.context !== scope.info.context) scope.info = info;
  const run = (): Promise<unknown> =>
    info.isStreaming
      ? runStreamHandler(entry, info.stream as ServerMessageStream, request as ServerMessageStream)
      : Promise.resolve(entry.handle(request, scope));
  return info.context === currentContext() ? run() : runWithContext(info.context, run);
}

/** `stream` is what middleware left of `own`: the same, or a decorator. */
async function runStreamHandler(
  entry: Entry,
  own: ServerMessageStream,
  stream: ServerMessageStream,
): Promise<undefined> {
  const { kind, name } = entry.method;
  if (kind === "client") {
    await stream.send(await entry.handle(stream));
    return undefined;
  }
  let result: unknown;
  if (kind === "server") {
    const request = await own.recv();
    if (request === undefined) {
      throw new RpcError("invalid_argument", `${name}: expected one request, got none`);
    }
    result = entry.handle(request, stream);
  } else {
    result = entry.handle(stream);
  }
  if (!isAsyncIterable(result)) {
    await result;
    return undefined;
  }
  for await (const message of result) await stream.send(message);
  return undefined;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function begin(
  runtime: ServerRuntime,
  entry: Entry,
  start: ServerStart,
  settle: Settle,
): ServerCallRun | undefined {
  try {
    return new ServerCallRun(runtime, entry, start, settle);
  } catch (thrown) {
    settle(thrownToError(thrown));
    return undefined;
  }
}

function endStream(
  bytes: ServerByteStream,
  stream: ServerMessageStream | undefined,
  error: CallError | undefined,
): void {
  if (!stream) {
    bytes.end({ ...(error ? { error } : undefined), trailer: noFields });
    return;
  }
  stream.flushHeader();
  bytes.end({ ...(error ? { error } : undefined), trailer: stream.trailer });
}

const noBackward: ReadonlyMap<string, string> = new Map();

function replyOf(outcome: Reply["outcome"], scope: CallScope | undefined): Reply {
  if (!scope) return { outcome, header: noFields, trailer: noFields, backward: noBackward };
  return {
    outcome,
    header: scope.header,
    trailer: scope.trailer,
    backward: allBackwardValuesToSend(scope.context),
  };
}
