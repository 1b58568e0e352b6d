import {
  type Cancellable,
  Context,
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
  type RpcError,
  type ServerStart,
} from "@slipstream/stream";
import { callerKey } from "../caller.ts";
import { handlerReturned, reasonToError } from "../reasons.ts";
import { reportHook, resultOf, Trace } from "../trace.ts";
import type { ActiveCall, ActiveCalls } from "./active-calls.ts";
import type { CallScope } from "./call-scope.ts";
import type { ServerOptions } from "./options.ts";
import type { Entry } from "./registry.ts";

/** What all calls of a server share. */
export interface ServerRuntime {
  readonly options: ServerOptions;
  readonly middleware: readonly Middleware[];
  /** Middleware around the handlers. */
  readonly handler: CallHandler;
  readonly maxMetadataBytes: number;
  readonly active: ActiveCalls;
}

/**
 * One call in flight: its context, and its one outcome, whoever brings it about. The deadline, a shutdown and the peer's
 * cancel end it at once, on the wire too; the handler may go on for a while, and nobody hears what it says.
 */
export class CallRun implements ActiveCall {
  slot = 0;
  readonly info: CallInfo;
  readonly trace: Trace | undefined;
  readonly #runtime: ServerRuntime;
  readonly #start: ServerStart;
  readonly #cancellable: Cancellable;
  readonly #release: (() => void) | undefined | void;
  #stopListening: (() => void)[] = [];
  #scope: CallScope | undefined;
  #isSettled = false;
  #error: CallError | undefined;

  /** @throws what `admit` or a meta handler throws: the call is turned away. */
  constructor(runtime: ServerRuntime, entry: Entry, start: ServerStart) {
    const { options } = runtime;
    this.#runtime = runtime;
    this.#start = start;
    this.#release = options.admit?.(start);
    try {
      this.#cancellable = withCancel(contextOf(entry, start, options));
      const info = new CallInfo({
        side: "server",
        service: entry.service.name,
        descriptor: entry.method,
        context: readMeta(this.#cancellable.context, entry, start, options),
        peer: start.peer,
      });
      this.trace = Trace.start(options.tracers ?? [], info, options.onEvent);
      this.info = this.trace ? info.withContext(this.trace.context) : info;
    } catch (thrown) {
      this.#releaseAdmission();
      throw thrown;
    }
  }

  /** From here on the call can end early; then `onEnd` is told, once, and has to tell the peer. */
  begin(scope: CallScope, onEnd: (error: RpcError) => void): void {
    this.#scope = scope;
    this.info.stream = scope;
    this.#runtime.active.add(this);
    const end = (reason: RpcError): void => {
      if (this.settle(reason)) onEnd(reason);
    };
    this.#stopListening = [
      this.info.context.onEnd((reason) => end(reasonToError(reason))),
      this.#start.ended.onEnd((reason) => {
        this.abort(reason);
        // A meta handler may have cut the context off.
        end(reason);
      }),
    ];
  }

  /** Runs middleware and handler, and gives what they return. */
  handle(request: unknown): Promise<unknown> {
    return runWithContext(this.info.context, () => this.#runtime.handler(this.info, request));
  }

  /** Sets the outcome. Only the first counts: returns whether this was the first, who then tells the peer. */
  settle(error: CallError | undefined): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#error = error;
    if (error) this.#scope?.endWith(error);
    return true;
  }

  abort(reason: RpcError): void {
    this.#cancellable.cancel(reason);
  }

  /** The handler is done: what it started with its context ends, and nothing of the call is left behind. */
  finish(): void {
    for (const stop of this.#stopListening) stop();
    this.#runtime.active.remove(this);
    this.#cancellable.cancel(handlerReturned);
    if (this.info.isStreaming) this.trace?.finishStream(resultOf(this.#error));
    else this.trace?.finish(resultOf(this.#error));
    this.#releaseAdmission();
  }

  #releaseAdmission(): void {
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
  if (start.timeoutMs !== undefined) context = withTimeout(context, start.timeoutMs);
  return context.setValue(callerKey, {
    service: options.name ?? entry.service.name,
    method: entry.method.name,
  });
}

/** What the connection and the program's meta handlers make of the context. */
function readMeta(context: Context, entry: Entry, start: ServerStart, options: ServerOptions): Context {
  const isCall = isCallKind(entry.method.kind);
  let current = start.peer.extendContext?.(context) ?? context;
  for (const handler of options.metaHandlers ?? []) {
    const read = isCall ? handler.onReadCall : handler.onReadStream;
    current = read?.call(handler, current, start) ?? current;
  }
  return current;
}
