import { type Context, ContextError } from "@slipstream/metainfo";
import { BizStatusError, type CallError, type Ended, RpcError } from "@slipstream/stream";

/** The reason of a handler's context once the handler has returned; an error is made of it only when somebody asks. */
export const handlerReturned: unique symbol = Symbol("the handler has returned");

/** Why a context ended, as the error of the calls that ran under it. */
export function reasonToError(reason: unknown): RpcError {
  if (reason instanceof RpcError) return reason;
  if (reason === handlerReturned) {
    return new RpcError("cancelled", "the handler that made this call has returned", {
      origin: { ttstream: 12012 },
    });
  }
  if (reason instanceof ContextError) return new RpcError(reason.code, reason.message, { cause: reason });
  // The reason of AbortSignal.timeout().
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new RpcError("deadline_exceeded", reason.message, { cause: reason });
  }
  return new RpcError("cancelled", reason instanceof Error ? reason.message : String(reason), {
    cause: reason,
  });
}

/** What a handler failed with, as it goes to the peer. A business status counts also when it is wrapped as a cause. */
export function thrownToError(thrown: unknown): CallError {
  for (let cause = thrown, depth = 0; cause instanceof Error && depth < 16; cause = cause.cause, depth++) {
    if (cause instanceof BizStatusError) return cause;
    if (cause instanceof RpcError && depth === 0) return cause;
  }
  return RpcError.from(thrown);
}

/** A context as transports see it: ends with the same reason for everybody who asks, as an RpcError. */
export class ContextEnded implements Ended {
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
