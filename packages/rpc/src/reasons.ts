import { type Context, ContextError } from "@slipstream/metainfo";
import { BizStatusError, type CallError, type Ended, neverEnded, RpcError } from "@slipstream/stream";

/** The reason of a handler's context once the handler has returned; one for all, since most end with nobody listening. */
export const handlerReturned: ContextError = new ContextError("cancelled");

/** Why a context ended, as an error of the call that ran under it: one of its own, since others may run under it too. */
export function reasonToError(reason: unknown): RpcError {
  if (reason === handlerReturned) {
    return new RpcError("cancelled", "the handler that made this call has returned", {
      origin: { ttstream: 12012 },
    });
  }
  if (reason instanceof RpcError) {
    const { code, message, origin } = reason;
    return new RpcError(code, message, { cause: reason, ...(origin ? { origin } : undefined) });
  }
  return RpcError.from(reason, "cancelled");
}

/** What a handler failed with, as it goes to the peer. A business status counts also when it is wrapped as a cause. */
export function thrownToError(thrown: unknown): CallError {
  if (thrown instanceof RpcError) return thrown;
  for (let cause = thrown, depth = 0; cause instanceof Error && depth < 16; cause = cause.cause, depth++) {
    if (cause instanceof BizStatusError) return cause;
  }
  return RpcError.from(thrown);
}

/** The end of a context, as transports see it. */
export function endedOf(context: Context): Ended {
  return context.canEnd ? new ContextEnded(context) : neverEnded;
}

/** A context as transports see it: ends with the same reason for everybody who asks, as an RpcError. */
class ContextEnded implements Ended {
  readonly #context: Context;
  #error: RpcError | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  get reason(): RpcError | undefined {
    if (this.#error) return this.#error;
    const { reason } = this.#context;
    return reason === undefined ? undefined : this.#toError(reason);
  }

  onEnd(listener: (reason: RpcError) => void): () => void {
    return this.#context.onEnd((reason) => listener(this.#toError(reason)));
  }

  #toError(reason: unknown): RpcError {
    return (this.#error ??= reasonToError(reason));
  }
}
