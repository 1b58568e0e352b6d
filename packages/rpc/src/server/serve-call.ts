import { allBackwardValuesToSend, hasBackwardValuesToSend } from "@slipstream/metainfo";
import {
  type CallError,
  type Fields,
  noFields,
  type Reply,
  RpcError,
  type ServerByteCall,
  type ServerByteStream,
  type ServerStart,
} from "@slipstream/stream";
import { thrownToError } from "../reasons.ts";
import { reportHook } from "../trace.ts";
import { CallRun, type ServerRuntime } from "./call-run.ts";
import { CallScope } from "./call-scope.ts";
import type { Entry } from "./registry.ts";
import { isThenable } from "./thenable.ts";

type Outcome = Reply["outcome"];

/** Serves a ping-pong, oneway or unary method. Never throws. */
export function serveCall(runtime: ServerRuntime, entry: Entry, bytes: ServerByteCall): void {
  let call: RepliedCall;
  try {
    call = new RepliedCall(runtime, entry, bytes);
  } catch (thrown) {
    bytes.reply(isOneway(entry) ? undefined : refusal(thrown));
    return;
  }
  call.begin();
  call.answer(bytes.request);
}

/** Serves a ping-pong, oneway or unary method that came as a stream: one message each way. Never rejects. */
export async function serveCallOnStream(
  runtime: ServerRuntime,
  entry: Entry,
  bytes: ServerByteStream,
): Promise<void> {
  let call: StreamedCall;
  try {
    call = new StreamedCall(runtime, entry, bytes);
  } catch (thrown) {
    const error = isOneway(entry) ? undefined : { error: thrownToError(thrown) };
    bytes.end({ ...error, trailer: noFields, backward: noBackward });
    return;
  }
  call.begin();
  try {
    const received = bytes.recv();
    const request = received instanceof Promise ? await received : received;
    if (request) call.answer(request);
    else call.fail(new RpcError("invalid_argument", `${entry.method.name}: expected one request, got none`));
  } catch (thrown) {
    call.fail(thrown);
  }
}

/** The reply to a call that was turned away. */
export function refusal(thrown: unknown): Reply {
  return {
    outcome: { error: thrownToError(thrown) },
    header: noFields,
    trailer: noFields,
    backward: noBackward,
  };
}

/** One request, one reply, whatever carries them. */
abstract class SingleCall extends CallRun {
  protected override readonly scope: CallScope;

  /**
   * `sendHeader` only where the header can go ahead of the reply.
   *
   * @throws as {@link CallRun}.
   */
  constructor(
    runtime: ServerRuntime,
    entry: Entry,
    start: ServerStart,
    sendHeader?: (fields: Fields) => void,
  ) {
    super(runtime, entry, start);
    this.scope = new CallScope(this.info, runtime.maxMetadataBytes, sendHeader);
  }

  /** Puts the reply on the wire. Called once; nothing of it is written for a oneway. */
  protected abstract write(reply: Reply): void;

  /** Runs the handler. What it gives at once is answered at once. */
  answer(bytes: Uint8Array): void {
    let response: unknown;
    try {
      response = this.handle(decodeRequest(this.entry.method.request, bytes));
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
    const { response, name } = this.entry.method;
    const declared = encodeDeclared(response, thrown);
    if (declared) {
      this.#finish({ message: declared }, undefined);
      return;
    }
    const error = thrownToError(thrown);
    if (isOneway(this.entry)) reportHook(this.runtime.options.onEvent, `oneway handler ${name}`, error);
    this.#finish({ error }, error);
  }

  protected override writeEarlyEnd(error: RpcError): void {
    this.#write({ error });
  }

  #succeed(response: unknown): void {
    let message: Uint8Array = noBytes;
    try {
      if (!isOneway(this.entry)) message = this.entry.encodeResponse(response);
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    this.#finish({ message }, undefined);
  }

  #finish(outcome: Outcome, error: CallError | undefined): void {
    const unsent = error === undefined ? this.flushHeader() : undefined;
    if (this.settle(error ?? unsent)) this.#write(unsent === undefined ? outcome : { error: unsent });
    this.finish();
  }

  #write(outcome: Outcome): void {
    const { scope } = this;
    this.flushHeader();
    const backward = hasBackwardValuesToSend(scope.context)
      ? allBackwardValuesToSend(scope.context)
      : noBackward;
    this.write({ outcome, header: scope.header, trailer: scope.trailer, backward });
  }
}

class RepliedCall extends SingleCall {
  readonly #bytes: ServerByteCall;

  constructor(runtime: ServerRuntime, entry: Entry, bytes: ServerByteCall) {
    super(runtime, entry, bytes.start);
    this.#bytes = bytes;
  }

  protected override write(reply: Reply): void {
    this.#bytes.reply(isOneway(this.entry) ? undefined : reply);
  }
}

class StreamedCall extends SingleCall {
  readonly #bytes: ServerByteStream;

  constructor(runtime: ServerRuntime, entry: Entry, bytes: ServerByteStream) {
    super(runtime, entry, bytes.start, (fields) => bytes.sendHeader(fields));
    this.#bytes = bytes;
  }

  protected override write({ outcome, trailer, backward }: Reply): void {
    if (isOneway(this.entry)) {
      this.#bytes.end({ trailer, backward });
      return;
    }
    let error = "error" in outcome ? outcome.error : undefined;
    try {
      // Room for one message more is of no use to a call that ends with this one.
      if ("message" in outcome) void this.#bytes.send(outcome.message);
    } catch (thrown) {
      error = thrownToError(thrown);
    }
    this.#bytes.end({ trailer, backward, ...(error ? { error } : undefined) });
  }
}

function isOneway({ method }: Entry): boolean {
  return method.kind === "oneway";
}

const noBytes: Uint8Array = new Uint8Array();

function decodeRequest(codec: Entry["method"]["request"], bytes: Uint8Array): unknown {
  try {
    return codec.decode(bytes, true);
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
