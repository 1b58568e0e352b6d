import {
  currentContext,
  fromOutgoingContext,
  setBackwardValuesFromMap,
  withSignal,
  withTimeout,
} from "@slipstream/metainfo";
import {
  type Address,
  type AnyMethod,
  type Balancer,
  BizStatusError,
  buildMiddleware,
  type CallHandler,
  CallInfo,
  type CallOptions,
  type CallStart,
  composeCall,
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
import type { ClientOptions } from "./client-options.ts";
import { ClientStart, checkMetadataSize } from "./client-start.ts";
import { ClientMessageStream } from "./client-stream.ts";
import { locate } from "./locate.ts";
import { metadataFields } from "./metadata-fields.ts";
import { ContextEnded } from "./reasons.ts";
import { type Addresses, addressesOf, onlyAddress, type Placed, place, roundRobin } from "./targets.ts";
import { resultOf, Trace } from "./trace.ts";

type AnyOptions = CallOptions & StreamOptions;

const plainCall = { oneway: false } as const;
const onewayCall = { oneway: true } as const;

/** One client: everything that its calls share. */
export class ClientRuntime {
  readonly service: ServiceDescriptor;
  readonly #options: ClientOptions;
  readonly #addresses: Addresses;
  readonly #balancer: Balancer;
  /** Where all calls go, when there is nothing to choose. */
  readonly #onlyAddress: Address | undefined;
  readonly #middleware: readonly Middleware[];
  readonly #handler: CallHandler;
  readonly #clientMetadata: Fields;

  constructor(service: ServiceDescriptor, options: ClientOptions) {
    checkTimeouts(options);
    this.service = service;
    this.#options = options;
    this.#addresses = addressesOf(options.target, options.transport);
    this.#balancer = options.balancer ?? roundRobin();
    this.#onlyAddress = options.balancer ? undefined : onlyAddress(this.#addresses);
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
    const trace = Trace.start(this.#options.tracers, info, this.#options.onEvent);
    return { info: trace ? info.withContext(trace.context) : info, trace };
  }

  async #openStream(info: CallInfo): Promise<unknown> {
    const { transport } = this.#options;
    const open = this.#callOptions(info);
    const { result: bytes, placed } = await this.#place(info, undefined, "open", (start) =>
      transport.open(start, open),
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
    const options = this.#callOptions(info);
    const { result: reply, placed } = await this.#place(info, request, "ended", (start) =>
      transport.call
        ? transport.call(start, bytes, options)
        : callOverStream(transport, start, bytes, options),
    );
    if (!reply) {
      placed?.ended(undefined);
      return undefined;
    }
    const { outcome } = reply;
    placed?.ended("error" in outcome ? outcome.error : undefined);
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
    attempt: (start: CallStart) => Promise<T>,
  ): Promise<{ result: T; placed: Placed | undefined }> {
    const { context, options } = info;
    const ended = new ContextEnded(context);
    if (ended.reason) throw ended.reason;
    const metadata = this.#metadata(info);
    checkMetadataSize(context, metadata, this.#options);
    const start = (address: Address): CallStart =>
      new ClientStart(this.service, info, this.#options, metadata, ended, address);
    const only = options?.target ? undefined : this.#onlyAddress;
    // One address and nobody to choose it: nothing to wait for, and nobody to tell.
    if (only) return { result: await attempt(start(only)), placed: undefined };
    return place({
      addresses: options?.target ? addressesOf(options.target, this.#options.transport) : this.#addresses,
      balancer: this.#balancer,
      request: { service: info.service, method: info.method, context, request },
      onEvent: this.#options.onEvent,
      stopped: () => ended.reason,
      failedPhase,
      attempt: (address) => attempt(start(address)),
    });
  }

  /** The same object for all calls without options of their own. */
  #callOptions(info: CallInfo): OpenOptions & { readonly oneway: boolean } {
    const connectTimeoutMs = info.options?.connectTimeoutMs ?? this.#options.connectTimeoutMs;
    const oneway = info.kind === "oneway";
    if (connectTimeoutMs !== undefined) return { connectTimeoutMs, oneway };
    return oneway ? onewayCall : plainCall;
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

function checkTimeouts(options: {
  readonly timeoutMs?: number;
  readonly connectTimeoutMs?: number;
  readonly recvTimeoutMs?: number | { readonly timeoutMs: number };
}): void {
  const { timeoutMs, connectTimeoutMs, recvTimeoutMs } = options;
  checkTimeout("timeoutMs", timeoutMs);
  checkTimeout("connectTimeoutMs", connectTimeoutMs);
  checkTimeout("recvTimeoutMs", typeof recvTimeoutMs === "object" ? recvTimeoutMs.timeoutMs : recvTimeoutMs);
}

function checkTimeout(name: string, value: number | undefined): void {
  if (value !== undefined && !(value > 0)) {
    throw new RpcError("invalid_argument", `${name}: expected milliseconds above 0, got ${value}`);
  }
}
