import { type CallError, noFields, type RpcError, type ServerByteStream } from "@slipstream/stream";
import { thrownToError } from "../reasons.ts";
import { CallRun, type ServerRuntime } from "./call-run.ts";
import type { Entry } from "./registry.ts";
import { ServerMessageStream } from "./server-stream.ts";
import { isThenable } from "./thenable.ts";

/** Serves a streaming method. Never throws. */
export function serveStream(runtime: ServerRuntime, entry: Entry, bytes: ServerByteStream): void {
  let run: StreamRun;
  try {
    run = new StreamRun(runtime, entry, bytes);
  } catch (thrown) {
    bytes.end({ error: thrownToError(thrown), trailer: noFields });
    return;
  }
  run.begin();
  if (run.trace?.hasEvents) run.trace.event({ type: "start" });
  let handled: unknown;
  try {
    handled = run.handle(run.scope);
  } catch (thrown) {
    run.end(thrownToError(thrown));
    return;
  }
  if (!isThenable(handled)) run.end(undefined);
  else
    handled.then(
      () => run.end(undefined),
      (thrown: unknown) => run.end(thrownToError(thrown)),
    );
}

class StreamRun extends CallRun {
  override readonly scope: ServerMessageStream;
  readonly #bytes: ServerByteStream;

  /** @throws as {@link CallRun}. */
  constructor(runtime: ServerRuntime, entry: Entry, bytes: ServerByteStream) {
    super(runtime, entry, bytes.start);
    this.#bytes = bytes;
    this.scope = new ServerMessageStream(bytes, entry, this.info, runtime, this.trace);
  }

  /** The handler is done, with or without an error. */
  end(error: CallError | undefined): void {
    const outcome = error ?? this.flushHeader();
    if (this.settle(outcome)) this.#write(outcome);
    this.finish();
  }

  protected override writeEarlyEnd(error: RpcError): void {
    this.#write(error);
  }

  #write(error: CallError | undefined): void {
    this.flushHeader();
    this.#bytes.end({ ...(error ? { error } : undefined), trailer: this.scope.trailer });
  }
}
