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
  type ClientByteStream,
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
import { endedOf, reasonToError } from "./reasons.ts";
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
  /** Middleware around the calls; absent when there is none. */
  readonly #chain: CallHandler | undefined;
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
    if (this.#middleware.length > 0) {
      this.#chain = composeCall(this.#middleware, async (info, request) =>
        info.isStreaming
          ? this.#openStream(info)
          : this.#toResponse(info, await this.#request(info, request)),
      );
    }
  }

  /** A ping-pong, oneway or unary call. Its promise and the transport's are the only ones: they are most of a small call's cost. */
  async call(method: AnyMethod, request: unknown, options: CallOptions | undefined): Promise<unknown> {
    const asked = this.#begin(method, options);
    const trace = Trace.start(this.#options.tracers, asked, this.#options.onEvent);
    const info = trace ? asked.withContext(trace.context) : asked;
    try {
      const response = this.#chain
        ? await this.#chain(info, request)
        : this.#toResponse(info, await this.#request(info, request));
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
    const asked = this.#begin(method, options);
    const trace = Trace.start(this.#options.tracers, asked, this.#options.onEvent);
    const info = trace ? asked.withContext(trace.context) : asked;
    try {
      const only = this.#onlyAddressOf(info);
      let stream: unknown;
      // As in `call`, no promise more than there must be where nothing is installed and nothing to choose.
      if (this.#chain) stream = await this.#chain(info, undefined);
      else if (only)
        stream = this.#toStream(info, await this.#openAt(info, this.#admit(info), only), undefined);
      else stream = await this.#openStream(info);
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

  #begin(method: AnyMethod, options: AnyOptions | undefined): CallInfo {
    let context = options?.context ?? currentContext();
    const timeoutMs = options?.timeoutMs ?? this.#options.timeoutMs;
    if (options) checkTimeouts(options);
    if (timeoutMs !== undefined) context = withTimeout(context, timeoutMs);
    if (options?.signal) context = withSignal(context, options.signal);
    return new CallInfo({
      side: "client",
      service: this.service.name,
      descriptor: method,
      context,
      options,
    });
  }

  async #openStream(info: CallInfo): Promise<ClientMessageStream> {
    const only = this.#onlyAddressOf(info);
    const metadata = this.#admit(info);
    if (only) return this.#toStream(info, await this.#openAt(info, metadata, only), undefined);
    const attempt = (address: Address): Promise<ClientByteStream> => this.#openAt(info, metadata, address);
    const { result: bytes, placed } = await this.#place(info, undefined, "open", attempt);
    return this.#toStream(info, bytes, placed);
  }

  #openAt(info: CallInfo, metadata: Fields, address: Address): Promise<ClientByteStream> {
    return this.#options.transport.open(this.#startAt(info, metadata, address), this.#callOptions(info));
  }

  #toStream(info: CallInfo, bytes: ClientByteStream, placed: Placed | undefined): ClientMessageStream {
    info.peer = bytes.peer;
    const stream = new ClientMessageStream({
      bytes,
      info,
      placed,
      middleware: this.#middleware,
      recvTimeout: info.options?.recvTimeoutMs ?? this.#options.recvTimeoutMs,
    });
    info.stream = stream;
    return stream;
  }

  /** Sends the request of a call; what it throws or rejects with is the call's error. */
  #request(info: CallInfo, request: unknown): Promise<Reply | undefined> {
    // A middleware may have called before, and not liked the answer.
    info.bizStatus = undefined;
    const bytes = info.descriptor.request.encode(request);
    const metadata = this.#admit(info);
    const only = this.#onlyAddressOf(info);
    return only
      ? this.#requestAt(info, bytes, metadata, only)
      : this.#requestPlaced(info, request, (address) => this.#requestAt(info, bytes, metadata, address));
  }

  #requestAt(
    info: CallInfo,
    bytes: Uint8Array,
    metadata: Fields,
    address: Address,
  ): Promise<Reply | undefined> {
    const { transport } = this.#options;
    const start = this.#startAt(info, metadata, address);
    const options = this.#callOptions(info);
    return transport.call
      ? transport.call(start, bytes, options)
      : callOverStream(transport, start, bytes, options);
  }

  async #requestPlaced(
    info: CallInfo,
    request: unknown,
    attempt: (address: Address) => Promise<Reply | undefined>,
  ): Promise<Reply | undefined> {
    const { result: reply, placed } = await this.#place(info, request, "ended", attempt);
    placed.ended(reply && "error" in reply.outcome ? reply.outcome.error : undefined);
    return reply;
  }

  #toResponse(info: CallInfo, reply: Reply | undefined): unknown {
    if (!reply) return undefined;
    const { outcome } = reply;
    this.#deliver(info, reply);
    if ("message" in outcome) return decodeResponse(info.descriptor, outcome.message);
    if (!(outcome.error instanceof BizStatusError)) throw outcome.error;
    info.bizStatus = outcome.error;
    return undefined;
  }

  #deliver(info: CallInfo, reply: Reply): void {
    if (reply.backward.size > 0) setBackwardValuesFromMap(info.context, reply.backward);
    info.options?.onHeader?.(reply.header.length === 0 ? Header.empty : new Header(reply.header));
    info.options?.onTrailer?.(reply.trailer.length === 0 ? Header.empty : new Header(reply.trailer));
  }

  /** Where a call goes when there is nobody to choose: nothing to wait for, and nobody to tell. */
  #onlyAddressOf({ options }: CallInfo): Address | undefined {
    return options?.target ? undefined : this.#onlyAddress;
  }

  #place<T>(
    info: CallInfo,
    request: unknown,
    failedPhase: "open" | "ended",
    attempt: (address: Address) => Promise<T>,
  ): Promise<{ readonly result: T; readonly placed: Placed }> {
    const { context, options } = info;
    return place({
      addresses: options?.target ? addressesOf(options.target, this.#options.transport) : this.#addresses,
      balancer: this.#balancer,
      request: { service: info.service, method: info.method, context, request },
      onEvent: this.#options.onEvent,
      isStopped: () => context.reason !== undefined,
      failedPhase,
      attempt,
    });
  }

  /**
   * The metadata of a call that may begin.
   *
   * @throws RpcError when it is over before it began, or its metadata is too large.
   */
  #admit(info: CallInfo): Fields {
    const { context } = info;
    if (context.reason !== undefined) throw reasonToError(context.reason);
    const metadata = this.#metadata(info);
    checkMetadataSize(context, metadata, this.#options);
    return metadata;
  }

  #startAt(info: CallInfo, metadata: Fields, address: Address): ClientStart {
    return new ClientStart(this.service, info, this.#options, metadata, endedOf(info.context), address);
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
    return method.response.decode(bytes, true);
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
