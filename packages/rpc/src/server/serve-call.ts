import { allBackwardValuesToSend, hasBackwardValuesToSend } from "@slipstream/metainfo";
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

/** Serves a ping-pong, oneway or unary method. Never rejects; `undefined` when the caller expects no reply. */
export function serveCall(
  runtime: ServerRuntime,
  entry: Entry,
  start: ServerStart,
  request: Uint8Array,
): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const call = new SingleCall(runtime, entry, (outcome, scope) =>
      resolve(entry.method.kind === "oneway" ? undefined : replyOf(outcome, scope)),
    );
    if (call.begin(start)) call.answer(request);
  });
}

/** Serves a ping-pong, oneway or unary method that came as a stream: one message each way. Never rejects. */
export async function serveCallOnStream(
  runtime: ServerRuntime,
  entry: Entry,
  bytes: ServerByteStream,
): Promise<void> {
  const call = new SingleCall(
    runtime,
    entry,
    (outcome, scope) => {
      const { trailer, backward } = replyOf(outcome, scope);
      endWith(bytes, entry.method.kind === "oneway" ? undefined : outcome, { trailer, backward });
    },
    (fields) => bytes.sendHeader(fields),
  );
  if (!call.begin(bytes.start)) return;
  try {
    const received = bytes.recv();
    const request = received instanceof Promise ? await received : received;
    if (request) call.answer(request);
    else call.fail(new RpcError("invalid_argument", `${entry.method.name}: expected one request, got none`));
  } catch (thrown) {
    call.fail(thrown);
  }
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

/** One request, one reply, whatever carries them. */
class SingleCall {
  readonly #runtime: ServerRuntime;
  readonly #entry: Entry;
  /** Called once; `scope` has header and trailer, unless the call was turned away before it began. */
  readonly #reply: (outcome: Reply["outcome"], scope: CallScope | undefined) => void;
  /** Only where the header can go ahead of the reply. */
  readonly #sendHeader: ((fields: Fields) => void) | undefined;
  #run: CallRun | undefined;
  #scope: CallScope | undefined;

  constructor(
    runtime: ServerRuntime,
    entry: Entry,
    reply: (outcome: Reply["outcome"], scope: CallScope | undefined) => void,
    sendHeader?: (fields: Fields) => void,
  ) {
    this.#runtime = runtime;
    this.#entry = entry;
    this.#reply = reply;
    this.#sendHeader = sendHeader;
  }

  /** Returns false when the call was turned away, which its caller has then been told. */
  begin(start: ServerStart): boolean {
    try {
      this.#run = new CallRun(this.#runtime, this.#entry, start);
    } catch (thrown) {
      this.#reply({ error: thrownToError(thrown) }, undefined);
      return false;
    }
    this.#scope = new CallScope(this.#run.info, this.#runtime.maxMetadataBytes, this.#sendHeader);
    this.#run.begin(this.#scope, (error) => this.#send({ error }));
    return true;
  }

  /** Runs the handler. What it gives at once is answered at once. */
  answer(bytes: Uint8Array): void {
    let response: unknown;
    try {
      response = this.#run?.handle(decodeRequest(this.#entry.method.request, bytes));
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    if (!isThenable(response)) this.#succeed(response);
    else
      response.then(
        (value) => this.#succeed(value),
        (thrown: unknown) => this.fail(thrown),
      );
  }

  /** An exception that the method declares is an answer like others. */
  fail(thrown: unknown): void {
    const { response, kind, name } = this.#entry.method;
    const declared = encodeDeclared(response, thrown);
    if (declared) {
      this.#finish({ message: declared }, undefined);
      return;
    }
    const error = thrownToError(thrown);
    if (kind === "oneway") reportHook(this.#runtime.options.onEvent, `oneway handler ${name}`, error);
    this.#finish({ error }, error);
  }

  #succeed(response: unknown): void {
    let message: Uint8Array = noBytes;
    try {
      if (this.#entry.method.kind !== "oneway") message = this.#entry.encodeResponse(response);
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    this.#finish({ message }, undefined);
  }

  #finish(outcome: Reply["outcome"], error: CallError | undefined): void {
    if (this.#run?.settle(error)) this.#send(outcome);
    this.#run?.finish();
  }

  #send(outcome: Reply["outcome"]): void {
    this.#scope?.flushHeader();
    this.#reply(outcome, this.#scope);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value instanceof Promise || typeof (value as { then?: unknown } | null | undefined)?.then === "function"
  );
}

const noBytes: Uint8Array = new Uint8Array();

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
  const backward = hasBackwardValuesToSend(scope.context)
    ? allBackwardValuesToSend(scope.context)
    : noBackward;
  return { outcome, header: scope.header, trailer: scope.trailer, backward };
}
