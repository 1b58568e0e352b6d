import { allBackwardValuesToSend } from "@slipstream/metainfo";
import {
  type CallError,
  type Fields,
  noFields,
  type Reply,
  RpcError,
  type ServerByteStream,
  type ServerStart,
  type StreamEnd,
} from "@slipstream/stream";
import { thrownToError } from "../reasons.ts";
import { reportHook } from "../trace.ts";
import { CallRun, type ServerRuntime } from "./call-run.ts";
import { CallScope } from "./call-scope.ts";
import type { Entry } from "./registry.ts";

/** Where the request of a single call comes from, and its reply goes. */
interface Exchange {
  receive(): Promise<Uint8Array> | Uint8Array;
  /** Called once. `scope` has header and trailer, unless the call was turned away before it began. */
  reply(outcome: Reply["outcome"], scope: CallScope | undefined): void;
  /** Only where the header can go ahead of the reply. */
  readonly sendHeader?: (fields: Fields) => void;
}

/** Serves a ping-pong, oneway or unary method. Never rejects; `undefined` when the caller expects no reply. */
export function serveCall(
  runtime: ServerRuntime,
  entry: Entry,
  start: ServerStart,
  request: Uint8Array,
): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    void exchange(runtime, entry, start, {
      receive: () => request,
      reply: (outcome, scope) =>
        resolve(entry.method.kind === "oneway" ? undefined : replyOf(outcome, scope)),
    });
  });
}

/** Serves a ping-pong, oneway or unary method that came as a stream: one message each way. Never rejects. */
export function serveCallOnStream(
  runtime: ServerRuntime,
  entry: Entry,
  bytes: ServerByteStream,
): Promise<void> {
  return exchange(runtime, entry, bytes.start, {
    async receive() {
      const request = await bytes.recv();
      if (request) return request;
      throw new RpcError("invalid_argument", `${entry.method.name}: expected one request, got none`);
    },
    sendHeader: (fields) => bytes.sendHeader(fields),
    reply(outcome, scope) {
      const { trailer, backward } = replyOf(outcome, scope);
      endWith(bytes, entry.method.kind === "oneway" ? undefined : outcome, { trailer, backward });
    },
  });
}

function endWith(bytes: ServerByteStream, outcome: Reply["outcome"] | undefined, end: StreamEnd): void {
  let error = outcome && "error" in outcome ? outcome.error : undefined;
  try {
    // Room for one message more is of no use to a call that ends with this one.
    if (outcome && "message" in outcome) void bytes.send(outcome.message);
  } catch (thrown) {
    error = thrownToError(thrown);
  }
  bytes.end({ ...end, ...(error ? { error } : undefined) });
}

/** One request, one reply, whatever carries them. Never rejects. */
async function exchange(
  runtime: ServerRuntime,
  entry: Entry,
  start: ServerStart,
  { receive, reply, sendHeader }: Exchange,
): Promise<void> {
  const { request: requests, response: responses, name, kind } = entry.method;
  let run: CallRun;
  try {
    run = new CallRun(runtime, entry, start);
  } catch (thrown) {
    reply({ error: thrownToError(thrown) }, undefined);
    return;
  }
  const scope = new CallScope(run.info, runtime.maxMetadataBytes, sendHeader);
  const replyOnce = (outcome: Reply["outcome"]): void => {
    scope.flushHeader();
    reply(outcome, scope);
  };
  run.begin(scope, (error) => replyOnce({ error }));
  let outcome: Reply["outcome"];
  let failure: CallError | undefined;
  try {
    const received = receive();
    const request = decodeRequest(requests, received instanceof Promise ? await received : received);
    const response = await run.handle(request);
    outcome = { message: kind === "oneway" ? noBytes : entry.encodeResponse(response) };
  } catch (thrown) {
    const declared = encodeDeclared(responses, thrown);
    failure = declared ? undefined : thrownToError(thrown);
    outcome = declared ? { message: declared } : { error: failure as CallError };
  }
  if (failure && kind === "oneway") reportHook(runtime.options.onEvent, `oneway handler ${name}`, failure);
  if (run.settle(failure)) replyOnce(outcome);
  run.finish();
}

const noBytes = new Uint8Array();

function decodeRequest(codec: Entry["method"]["request"], bytes: Uint8Array): unknown {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    // 7: protocol error, what a Thrift peer expects for a body that cannot be read.
    throw new RpcError("internal", RpcError.from(cause).message, { cause, origin: { thriftType: 7 } });
  }
}

/** An exception that the method declares, as an answer. One that does not fit its type is an error like others. */
function encodeDeclared(codec: Entry["method"]["response"], thrown: unknown): Uint8Array | undefined {
  try {
    return codec.encodeError?.(thrown);
  } catch {
    return undefined;
  }
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
