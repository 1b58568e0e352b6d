import {
  currentContext,
  forwardValues,
  fromOutgoingContext,
  getAllValues,
  setBackwardValuesFromMap,
  withSignal,
  withTimeout,
} from "@slipstream/metainfo";
import {
  type AnyMethod,
  type Balancer,
  BizStatusError,
  buildMiddleware,
  type CallHandler,
  CallInfo,
  type CallOptions,
  type CallStart,
  composeCall,
  type Ended,
  type Fields,
  Header,
  type Middleware,
  noFields,
  type OpenOptions,
  type Reply,
  RpcError,
  type ServiceDescriptor,
  type StreamOptions,
} from "@slipstream/stream";
import { callOverStream } from "./call-over-stream.ts";
import { callerKey } from "./caller.ts";
import type { ClientOptions } from "./client-options.ts";
import { ClientMessageStream } from "./client-stream.ts";
import { MetadataBudget } from "./limits.ts";
import { locate } from "./locate.ts";
import { metadataFields } from "./metadata-fields.ts";
import { ContextEnded } from "./reasons.ts";
import { type Addresses, addressesOf, type Placed, place, roundRobin } from "./targets.ts";
import { resultOf, Trace } from "./trace.ts";

type AnyOptions = CallOptions & StreamOptions;

const defaultMaxMetadataBytes = 32 * 1024;

/** One client: everything that its calls share. */
export class ClientRuntime {
  readonly service: ServiceDescriptor;
  readonly #options: ClientOptions;
  readonly #addresses: Addresses;
  readonly #balancer: Balancer;
  readonly #middleware: readonly Middleware[];
  readonly #handler: CallHandler;
  readonly #clientMetadata: Fields;

  constructor(service: ServiceDescriptor, options: ClientOptions) {
    checkTimeouts(options);
    this.service = service;
    this.#options = options;
    this.#addresses = addressesOf(options.target, options.transport);
    this.#balancer = options.balancer ?? roundRobin();
    this.#middleware = buildMiddleware(options.middleware ?? [], { side: "client", service: service.name });
    this.#clientMetadata = options.metadata ? metadataFields(options.metadata) : noFields;
    this.#handler = composeCall(this.#middleware, (info, request) =>
      info.isStreaming ? this.#openStream(info) : this.#call(info, request),
    );
  }

  /** A ping-pong, oneway or unary call. */
  async call(method: AnyMethod, request: unknown, options: CallOptions | undefined): Promise<unknown> {
    const { info, trace } = this.#begin(method, options);
    try {
      const response = await this.#handler(info, request);
      if (info.bizStatus) throw info.bizStatus;
      trace?.finish(resultOf(undefined));
      return response;
    } catch (thrown) {
      const error = locate(thrown, info);
      trace?.finish(resultOf(isDeclared(error) ? undefined : error));
      throw error;
    }
  }

  /** Opens a stream; for server streaming the one request is sent and the side half-closed before it is handed out. */
  async open(method: AnyMethod, request: unknown, options: StreamOptions | undefined): Promise<unknown> {
    const { info, trace } = this.#begin(method, options);
    try {
      const stream = await this.#handler(info, undefined);
      const opened = openedStream(info);
      opened?.attach(trace);
      if (method.kind === "server") await opened?.sendRequest(request);
      return stream;
    } catch (thrown) {
      const error = locate(thrown, info);
      trace?.finish(resultOf(error));
      // Nobody gets it, so nobody else could end it.
      openedStream(info)?.cancel(error);
      throw error;
    }
  }

  #begin(method: AnyMethod, options: AnyOptions | undefined): { info: CallInfo; trace: Trace | undefined } {
    let context = options?.context ?? currentContext();
    const timeoutMs = options?.timeoutMs ?? this.#options.timeoutMs;
    if (options) checkTimeouts(options);
    if (timeoutMs !== undefined) context = withTimeout(context, timeoutMs);
    if (options?.signal) context = withSignal(context, options.signal);
    const info = new CallInfo({
      side: "client",
      service: this.service.name,
      descriptor: method,
      context,
      options,
    });
    const trace = Trace.start(this.#options.tracers ?? [], info, this.#options.onEvent);
    return { info: trace ? info.withContext(trace.context) : info, trace };
  }

  async #openStream(info: CallInfo): Promise<unknown> {
    const { result: bytes, placed } = await this.#place(info, undefined, "open", (start, open) =>
      this.#options.transport.open(start, open),
    );
    info.peer = bytes.peer;
    const recvTimeout = info.options?.recvTimeoutMs ?? this.#options.recvTimeoutMs;
    const stream = new ClientMessageStream({
      bytes,
      info,
      placed,
      middleware: this.#middleware,
      recvTimeout,
    });
    info.stream = stream;
    return stream;
  }

  async #call(info: CallInfo, request: unknown): Promise<unknown> {
    const { transport } = this.#options;
    const { descriptor } = info;
    // A middleware may have called before, and not liked the answer.
    info.bizStatus = undefined;
    const bytes = descriptor.request.encode(request);
    const oneway = descriptor.kind === "oneway";
    const { result: reply, placed } = await this.#place(info, request, "ended", (start, open) =>
      transport.call
        ? transport.call(start, bytes, { ...open, oneway })
        : callOverStream(transport, start, bytes, { ...open, oneway }),
    );
    if (!reply) {
      placed.ended(undefined);
      return undefined;
    }
    const { outcome } = reply;
    placed.ended("error" in outcome ? outcome.error : undefined);
    this.#deliver(info, reply);
    if ("message" in outcome) return decodeResponse(descriptor, outcome.message);
    if (!(outcome.error instanceof BizStatusError)) throw outcome.error;
    info.bizStatus = outcome.error;
    return undefined;
  }

  #deliver(info: CallInfo, reply: Reply): void {
    if (reply.backward.size > 0) setBackwardValuesFromMap(info.context, reply.backward);
    info.options?.onHeader?.(reply.header.length === 0 ? Header.empty : new Header(reply.header));
    info.options?.onTrailer?.(reply.trailer.length === 0 ? Header.empty : new Header(reply.trailer));
  }

  async #place<T>(
    info: CallInfo,
    request: unknown,
    failedPhase: "open" | "ended",
    attempt: (start: CallStart, open: OpenOptions) => Promise<T>,
  ): Promise<{ result: T; placed: Placed }> {
    const { context, options } = info;
    const ended = new ContextEnded(context);
    const failed = ended.reason;
    if (failed) throw failed;
    const start = this.#start(info, ended);
    const connectTimeoutMs = options?.connectTimeoutMs ?? this.#options.connectTimeoutMs;
    const open: OpenOptions = connectTimeoutMs === undefined ? {} : { connectTimeoutMs };
    return place({
      addresses: options?.target ? addressesOf(options.target, this.#options.transport) : this.#addresses,
      balancer: this.#balancer,
      request: { service: info.service, method: info.method, context, request },
      onEvent: this.#options.onEvent,
      stopped: () => ended.reason,
      failedPhase,
      attempt(address) {
        const remainingMs = context.remainingMs();
        const timeoutMs = remainingMs === undefined ? undefined : wholeMs(remainingMs);
        return attempt({ ...start, ...(timeoutMs === undefined ? undefined : { timeoutMs }), address }, open);
      },
    });
  }

  #start(info: CallInfo, ended: Ended): Omit<CallStart, "address"> {
    const { context, method } = info;
    const { persistent, transient } = forwardValues(context);
    const isLegacy = this.#options.metainfoPropagation === "legacy";
    const travels = isLegacy ? getAllValues(context) : transient;
    const metadata = this.#metadata(info);
    new MetadataBudget()
      .map(persistent)
      .map(travels)
      .fields(metadata)
      .check("metainfo and metadata", this.#options.maxMetadataBytes ?? defaultMaxMetadataBytes);
    const handler = context.getValue(callerKey);
    const caller = this.#options.caller ?? handler?.service;
    return {
      service: this.service.name,
      ...(this.service.package === undefined ? undefined : { package: this.service.package }),
      method,
      contentSubtype: this.service.contentSubtype,
      ...(caller === undefined ? undefined : { caller }),
      ...(handler === undefined ? undefined : { callerMethod: handler.method }),
      persistent,
      transient: travels,
      metadata,
      ended,
    };
  }

  #metadata(info: CallInfo): Fields {
    const outgoing = fromOutgoingContext(info.context);
    const own = info.options?.metadata;
    if (!outgoing && !own) return this.#clientMetadata;
    return [
      ...this.#clientMetadata,
      ...(outgoing ? metadataFields(outgoing) : noFields),
      ...(own ? metadataFields(own) : noFields),
    ];
  }
}

/** What a call opened, if its middleware let it come so far. */
function openedStream(info: CallInfo): ClientMessageStream | undefined {
  return info.stream as ClientMessageStream | undefined;
}

// Exceptions of the method's own, as its codec threw them: to middleware an error, to a tracer a success.
const declared = new WeakSet<object>();

function isDeclared(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && declared.has(thrown);
}

function decodeResponse(method: AnyMethod, bytes: Uint8Array): unknown {
  try {
    return method.response.decode(bytes);
  } catch (thrown) {
    if (typeof thrown === "object" && thrown !== null && !(thrown instanceof RpcError)) declared.add(thrown);
    throw thrown;
  }
}

/** The time left as it goes on a wire: 1 to 2^31 - 1. */
function wholeMs(remainingMs: number): number {
  return Math.min(Math.max(Math.ceil(remainingMs), 1), 2 ** 31 - 1);
}

function checkTimeouts(options: {
  readonly timeoutMs?: number;
  readonly connectTimeoutMs?: number;
  readonly recvTimeoutMs?: number | { readonly timeoutMs: number };
}): void {
  const { timeoutMs, connectTimeoutMs, recvTimeoutMs } = options;
  const recvMs = typeof recvTimeoutMs === "object" ? recvTimeoutMs.timeoutMs : recvTimeoutMs;
  for (const [name, value] of [
    ["timeoutMs", timeoutMs],
    ["connectTimeoutMs", connectTimeoutMs],
    ["recvTimeoutMs", recvMs],
  ] as const) {
    if (value !== undefined && !(value > 0)) {
      throw new RpcError("invalid_argument", `${name}: expected milliseconds above 0, got ${value}`);
    }
  }
}
