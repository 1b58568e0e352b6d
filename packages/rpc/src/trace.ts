import type { Context } from "@slipstream/metainfo";
import {
  BizStatusError,
  type CallInfo,
  type CallResult,
  type CallTrace,
  type ClientByteStream,
  Header,
  type OnEvent,
  RpcError,
  type StreamEvent,
  type Tracer,
} from "@slipstream/stream";

/** Tells `onEvent` of a failing hook; an `onEvent` that fails itself has nobody left to tell. */
export function reportHook(onEvent: OnEvent | undefined, hook: string, error: unknown): void {
  try {
    onEvent?.({ type: "hook_failed", hook, error });
  } catch {}
}

/** All tracers of one call as one. A tracer that throws harms neither the call nor the other tracers. */
export class Trace {
  readonly context: Context;
  readonly #parts: readonly CallTrace[];
  readonly #listeners: readonly CallTrace[];
  readonly #onEvent: OnEvent | undefined;
  #finished = false;

  private constructor(context: Context, parts: readonly CallTrace[], onEvent: OnEvent | undefined) {
    this.context = context;
    this.#parts = parts;
    this.#listeners = parts.filter((part) => part.event);
    this.#onEvent = onEvent;
  }

  /** `undefined` when no tracer wants to hear of this call, so that it costs nothing. */
  static start(
    tracers: readonly Tracer[] | undefined,
    info: CallInfo,
    onEvent: OnEvent | undefined,
  ): Trace | undefined {
    if (!tracers || tracers.length === 0) return undefined;
    const parts: CallTrace[] = [];
    let current = info;
    for (const tracer of tracers) {
      try {
        const part = tracer.start(current);
        if (!part) continue;
        parts.push(part);
        if (part.context) current = current.withContext(part.context);
      } catch (error) {
        reportHook(onEvent, "tracer.start", error);
      }
    }
    return parts.length === 0 ? undefined : new Trace(current.context, parts, onEvent);
  }

  /** Whether any tracer wants stream events. */
  get hasEvents(): boolean {
    return this.#listeners.length > 0;
  }

  event(event: StreamEvent): void {
    for (const part of this.#listeners) {
      try {
        part.event?.(event);
      } catch (error) {
        reportHook(this.#onEvent, "tracer.event", error);
      }
    }
  }

  /** Reports that a client's stream is open, and its header when it arrives. */
  watch(stream: ClientByteStream): void {
    this.event({ type: "start" });
    stream.header().then(
      (fields) => this.event({ type: "header", header: new Header(fields) }),
      // A call that broke before has no header to tell of.
      () => {},
    );
  }

  /** The end of a stream: the last event, then the result. */
  finishStream(result: CallResult): void {
    if (this.#finished) return;
    this.event({ type: "finish", ...result });
    this.finish(result);
  }

  /** Only the first counts. */
  finish(result: CallResult): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const part of this.#parts) {
      try {
        part.finish(result);
      } catch (error) {
        reportHook(this.#onEvent, "tracer.finish", error);
      }
    }
  }
}

const success: CallResult = {};

/** The result of a call for tracers. A business status is a success, as are the exceptions that a method declares. */
export function resultOf(error: unknown): CallResult {
  if (error === undefined || error instanceof BizStatusError) return success;
  return { error: RpcError.from(error) };
}
