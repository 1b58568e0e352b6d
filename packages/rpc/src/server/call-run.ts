import {
  type Cancellable,
  type Context,
  Metadata,
  newIncomingContext,
  withBackwardValuesToSend,
  withCancel,
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
import { handlerReturned, reasonToError, thrownToError } from "../reasons.ts";
import { reportHook, resultOf, Trace } from "../trace.ts";
import type { ActiveCall, ActiveCalls } from "./active-calls.ts";
import type { CallScope } from "./call-scope.ts";
import { invoke, type RunWithContext } from "./invoke.ts";
import type { ServerOptions } from "./options.ts";
import type { Entry } from "./registry.ts";

/** What all calls of a server share. */
export interface ServerRuntime {
  readonly options: ServerOptions;
  readonly middleware: readonly Middleware[];
  /** Middleware around the handlers; absent when there is none. */
  readonly chain: CallHandler | undefined;
  /** How code is run with the context of its call. */
  readonly runWithContext: RunWithContext;
  readonly maxMetadataBytes: number;
  readonly active: ActiveCalls;
}

/**
 * One call in flight: its context, and its one outcome, whoever brings it about. The deadline, a shutdown and the peer's
 * cancel end it at once, on the wire too; the handler may go on for a while, and nobody hears what it says.
 */
export abstract class CallRun implements ActiveCall {
  slot = 0;
  readonly info: CallInfo;
  readonly trace: Trace | undefined;
  protected readonly runtime: ServerRuntime;
  protected readonly entry: Entry;
  readonly #start: ServerStart;
  readonly #cancellable: Cancellable;
  readonly #release: (() => void) | undefined | void;
  #stopListening: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;
  #isSettled = false;
  #error: CallError | undefined;

  /** @throws what `admit` or a meta handler throws: the call is turned away. */
  constructor(runtime: ServerRuntime, entry: Entry, start: ServerStart) {
    const { options } = runtime;
    this.runtime = runtime;
    this.entry = entry;
    this.#start = start;
    this.#release = options.admit?.(start);
    try {
      this.#cancellable = withCancel(contextOf(entry, start, options), start.timeoutMs);
      const info = new CallInfo({
        side: "server",
        service: entry.service.name,
        descriptor: entry.method,
        context: readMeta(this.#cancellable.context, entry, start, options),
        peer: start.peer,
      });
      this.trace = Trace.start(options.tracers, info, options.onEvent);
      this.info = this.trace ? info.withContext(this.trace.context) : info;
    } catch (thrown) {
      this.#releaseAdmission();
      throw thrown;
    }
  }

  /** Tells the peer that the call has ended before its handler has. Called once at most. */
  protected abstract writeEarlyEnd(error: RpcError): void;

  /** What its handler has of it. */
  protected abstract readonly scope: CallScope;

  /** From here on the call can end early. To be called once, before the handler runs. */
  begin(): void {
    const { scope } = this;
    this.info.stream = scope;
    this.runtime.active.add(this);
    const { context } = this.info;
    // A context of our own making ends when we say so, unless it has a deadline or a hook put something on it.
    if (this.#start.timeoutMs !== undefined || context !== this.#cancellable.context) {
      this.#stopWatching = context.onEnd((reason) => this.#end(reasonToError(reason)));
    }
    this.#stopListening = this.#start.ended.onEnd((reason) => this.abort(reason));
  }

  /** Runs middleware and handler, and gives what they return, or a promise of it. */
  handle(request: unknown): unknown {
    const { chain, runWithContext } = this.runtime;
    if (!chain) return invoke(this.entry, this.info, request, runWithContext);
    return runWithContext(this.info.context, chain, this.info, request);
  }

  /** Sets the outcome. Only the first counts: returns whether this was the first, who then tells the peer. */
  settle(error: CallError | undefined): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#error = error;
    if (error) this.scope.endWith(error);
    return true;
  }

  abort(reason: RpcError): void {
    this.#end(reason);
    this.#cancellable.end(reason);
  }

  #end(reason: RpcError): void {
    if (this.settle(reason)) this.writeEarlyEnd(reason);
  }

  /** Sends the header that was set, if it was not sent yet. Returns why it cannot be sent: then that is how the call ends. */
  protected flushHeader(): CallError | undefined {
    try {
      this.scope.flushHeader();
    } catch (thrown) {
      return thrownToError(thrown);
    }
    return undefined;
  }

  /** The handler is done: what it started with its context ends, and nothing of the call is left behind. */
  finish(): void {
    this.#stopWatching?.();
    this.#stopListening?.();
    this.runtime.active.remove(this);
    this.#cancellable.end(handlerReturned);
    if (this.info.isStreaming) this.trace?.finishStream(resultOf(this.#error));
    else this.trace?.finish(resultOf(this.#error));
    this.#releaseAdmission();
  }

  #releaseAdmission(): void {
    try {
      this.#release?.();
    } catch (thrown) {
      reportHook(this.runtime.options.onEvent, "admit", thrown);
    }
  }
}

/** The context of a call as it came off the wire. */
function contextOf(entry: Entry, start: ServerStart, options: ServerOptions): Context {
  let context = entry.metainfo.contextOf(start, options);
  if (start.metadata.length > 0) context = newIncomingContext(context, Metadata.fromReceived(start.metadata));
  return isCallKind(entry.method.kind) ? withBackwardValuesToSend(context) : context;
}

/** What the connection and the program's meta handlers make of the context. */
function readMeta(context: Context, entry: Entry, start: ServerStart, options: ServerOptions): Context {
  let current = start.peer.extendContext?.(context) ?? context;
  if (!options.metaHandlers) return current;
  const isCall = isCallKind(entry.method.kind);
  for (const handler of options.metaHandlers) {
    const read = isCall ? handler.onReadCall : handler.onReadStream;
    current = read?.call(handler, current, start) ?? current;
  }
  return current;
}
