import { type CallError, noFields, type ServerByteStream } from "@slipstream/stream";
import { thrownToError } from "../reasons.ts";
import { CallRun, type ServerRuntime } from "./call-run.ts";
import type { Entry } from "./registry.ts";
import { ServerMessageStream } from "./server-stream.ts";

/** Serves a streaming method. Never rejects. */
export async function serveStream(
  runtime: ServerRuntime,
  entry: Entry,
  bytes: ServerByteStream,
): Promise<void> {
  let run: CallRun;
  try {
    run = new CallRun(runtime, entry, bytes.start);
  } catch (thrown) {
    bytes.end({ error: thrownToError(thrown), trailer: noFields });
    return;
  }
  const stream = new ServerMessageStream(bytes, entry, run.info, runtime, run.trace);
  const end = (error: CallError | undefined): void => {
    stream.flushHeader();
    bytes.end({ ...(error ? { error } : undefined), trailer: stream.trailer });
  };
  run.begin(stream, end);
  if (run.trace?.hasEvents) run.trace.event({ type: "start" });
  let error: CallError | undefined;
  try {
    await run.handle(stream);
  } catch (thrown) {
    error = thrownToError(thrown);
  }
  if (run.settle(error)) end(error);
  run.finish();
}
