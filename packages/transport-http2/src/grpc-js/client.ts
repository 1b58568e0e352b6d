import { type Channel, Client, credentials, type Metadata } from "@grpc/grpc-js";
import {
  type Address,
  BizStatusError,
  type CallStart,
  type ClientByteStream,
  type ClientTransport,
  encodeSideEntry,
  type OpenOptions,
  type Peer,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import { requestFields, requestPath, sideEntryName } from "../request.ts";
import { GrpcJsClientStream } from "./client-stream.ts";
import { identity } from "./message-queue.ts";
import { addFields, areExactForGrpcJs, RequestMetadata } from "./metadata.ts";
import { type GrpcJsOptions, resolveLimits } from "./options.ts";

/**
 * A client's transport on a client or channel of grpc-js, whose target, credentials, options and interceptors stay the
 * program's: every call goes there, whatever the target of the Slipstream client.
 *
 * @example
 * const channel = new Client("shop:8888", credentials.createSsl());
 * const shop = createClient(Shop, { transport: grpcJs(channel) });
 */
export function grpcJs(clientOrChannel: Client | Channel, options: GrpcJsOptions = {}): ClientTransport {
  return new GrpcJsClient(clientOrChannel, options);
}

class GrpcJsClient implements ClientTransport {
  readonly name = "grpc-js";
  readonly schemes = ["tcp", "unix"] as const;
  readonly defaultTarget: Address;
  readonly #client: Client;
  readonly #limits: ReturnType<typeof resolveLimits>;
  readonly #open = new Set<GrpcJsClientStream>();
  readonly #peer: Peer;
  #isClosed = false;

  constructor(clientOrChannel: Client | Channel, options: GrpcJsOptions) {
    this.#client =
      "makeBidiStreamRequest" in clientOrChannel
        ? clientOrChannel
        : new Client("", credentials.createInsecure(), { channelOverride: clientOrChannel });
    this.#limits = resolveLimits(options);
    const target = this.#client.getChannel().getTarget();
    this.defaultTarget = { key: target, scheme: "tcp" };
    this.#peer = { address: target, transport: this.name, protocol: "grpc", isSlipstream: false };
  }

  async open(start: CallStart, options: OpenOptions = {}): Promise<ClientByteStream> {
    return this.#start(start, options, false);
  }

  async call(
    start: CallStart,
    request: Uint8Array,
    { oneway, ...options }: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    const stream = await this.#start(start, options, true);
    try {
      await stream.send(request);
    } catch (thrown) {
      const error = RpcError.from(thrown);
      stream.cancel(error);
      throw error;
    }
    stream.closeSend();
    if (oneway) return undefined;
    const outcome = await receiveOne(stream);
    try {
      const [header, trailer] = await Promise.all([stream.header(), stream.trailer()]);
      return { outcome, header, trailer, backward: stream.backward };
    } catch (thrown) {
      throw "error" in outcome ? outcome.error : thrown;
    }
  }

  /** Ends the calls that were made here. The client or channel is the program's, and stays open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stream of [...this.#open]) {
      stream.cancel(new RpcError("unavailable", "the transport has been closed"));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(start: CallStart, options: OpenOptions, isSingleCall: boolean): Promise<GrpcJsClientStream> {
    if (start.ended.reason !== undefined) throw start.ended.reason;
    if (this.#isClosed) throw new RpcError("unavailable", "the transport has been closed");
    await this.#connected(start, options.connectTimeoutMs ?? this.#limits.connectTimeoutMs);
    if (start.ended.reason !== undefined) throw start.ended.reason;
    const { timeoutMs } = start;
    const call = this.#client.makeBidiStreamRequest(
      requestPath(start),
      identity,
      identity,
      requestMetadata(start, isSingleCall),
      timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
    );
    const stream = new GrpcJsClientStream(call, start, this.#peer, this.#limits);
    this.#open.add(stream);
    call.once("status", () => this.#open.delete(stream));
    return stream;
  }

  #connected({ ended }: CallStart, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const stopWatching = ended.onEnd(reject);
      this.#client.waitForReady(Date.now() + timeoutMs, (cause) => {
        stopWatching();
        if (cause === undefined) resolve();
        else {
          const why = `cannot connect to ${this.#peer.address} within ${timeoutMs} ms: ${cause.message}`;
          reject(new RpcError("unavailable", why, { cause, retryable: true }));
        }
      });
    });
  }
}

function requestMetadata(start: CallStart, isSingleCall: boolean): Metadata {
  const { contentType, fields, inexact } = requestFields(start, isSingleCall);
  const metadata = new RequestMetadata(contentType);
  addFields(metadata, fields);
  const side = areExactForGrpcJs(start.metadata) ? inexact : { ...inexact, metadata: start.metadata };
  metadata.set(sideEntryName, Buffer.from(encodeSideEntry(side), "base64"));
  return metadata;
}

/** The one message of a single call, and its end: an error may follow the message. */
async function receiveOne(stream: GrpcJsClientStream): Promise<Reply["outcome"]> {
  try {
    const message = await stream.recv();
    if (message === undefined) {
      return { error: new RpcError("internal", "the call ended without a response; expected one") };
    }
    if ((await stream.recv()) === undefined) return { message };
    const error = new RpcError("internal", "the call has more than one response; expected one");
    stream.cancel(error);
    return { error };
  } catch (thrown) {
    return { error: thrown instanceof BizStatusError ? thrown : RpcError.from(thrown) };
  }
}
