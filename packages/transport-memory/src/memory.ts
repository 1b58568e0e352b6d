import { Context, runWithContext } from "@slipstream/metainfo";
import {
  type Address,
  type CallStart,
  type ClientByteStream,
  type ClientTransport,
  Ending,
  messageTooLarge,
  type OpenOptions,
  type Peer,
  type Reply,
  RpcError,
  type RunningTransport,
  type ServerHandler,
  type ServerTransport,
} from "@slipstream/stream";
import { MemoryCall, type Peers } from "./call.ts";
import { asHeardByServer, asReceived } from "./errors.ts";
import type { Level, PipeLimits } from "./pipe.ts";
import { copied, serverStart } from "./start.ts";

export interface MemoryOptions {
  /** Its address is `memory:name`. Only one transport has it: it is no registry. @defaultValue "memory" */
  readonly name?: string;
  /** Unread bytes of one direction of a stream before its sender waits. @defaultValue 262,144 */
  readonly windowBytes?: number;
  /** Bytes that may wait beyond the window when `send` is not awaited. @defaultValue 16,777,216 */
  readonly maxSendBufferBytes?: number;
  /** @defaultValue 67,108,864 */
  readonly maxMessageBytes?: number;
  /** Streams and calls open at once; one more is refused. @defaultValue 1,000 */
  readonly maxCalls?: number;
}

/** Both ends of a transport without a wire: give the same object to a server and to its clients. */
export interface MemoryTransport extends ClientTransport, ServerTransport {
  readonly defaultTarget: Address;
  /** Bytes sent and not received yet, in all streams: what a test of memory bounds looks at. */
  readonly queuedBytes: number;
}

/**
 * The smallest correct transport: calls stay in this process. For tests of handlers and clients without sockets, and the
 * reference for what every transport does.
 *
 * @throws RpcError `invalid_argument` for a limit that is not above 0.
 *
 * @example
 * const transport = memory();
 * const server = createServer({ transports: [transport] }).add(Greeter, implementation);
 * await server.listen();
 * const client = createClient(Greeter, { transport });
 */
export function memory(options: MemoryOptions = {}): MemoryTransport {
  return new InMemory(options);
}

class InMemory implements MemoryTransport {
  readonly name = "memory";
  readonly schemes = ["memory"] as const;
  readonly defaultTarget: Address;
  readonly #limits: PipeLimits;
  readonly #maxCalls: number;
  readonly #peers: Peers;
  readonly #level: Level = { queuedBytes: 0 };
  readonly #streams = new Set<MemoryCall>();
  readonly #calls = new Set<(reason: RpcError) => void>();
  #handler: ServerHandler | undefined;
  #isDraining = false;
  #isClosed = false;

  constructor(options: MemoryOptions) {
    checkOptions(options);
    const path = options.name ?? "memory";
    this.defaultTarget = { key: `memory:${path}`, scheme: "memory", path };
    this.#limits = {
      windowBytes: options.windowBytes ?? 256 * 1024,
      maxSendBufferBytes: options.maxSendBufferBytes ?? 16 * 1024 * 1024,
      maxMessageBytes: options.maxMessageBytes ?? 64 * 1024 * 1024,
    };
    this.#maxCalls = options.maxCalls ?? 1_000;
    const peer: Peer = {
      address: this.defaultTarget.key,
      transport: this.name,
      protocol: this.name,
      isSlipstream: true,
    };
    this.#peers = { client: peer, server: peer };
  }

  get queuedBytes(): number {
    return this.#level.queuedBytes;
  }

  async serve(handler: ServerHandler): Promise<RunningTransport> {
    if (this.#handler) {
      throw new RpcError(
        "failed_precondition",
        `${this.defaultTarget.key} has a server already; make a transport for each`,
      );
    }
    this.#handler = handler;
    this.#isDraining = false;
    return {
      addresses: [this.defaultTarget],
      drain: () => {
        this.#isDraining = true;
      },
      close: async () => {
        this.#handler = undefined;
        this.#breakAll("the server closed the connection");
      },
    };
  }

  async open(start: CallStart, _: OpenOptions = {}): Promise<ClientByteStream> {
    const handler = this.#admit(start);
    const call = new MemoryCall(start, this.#limits, this.#level, this.#peers, (done) =>
      this.#streams.delete(done),
    );
    this.#streams.add(call);
    atServer(() => handler.stream(call.server));
    return call.client;
  }

  async call(
    start: CallStart,
    request: Uint8Array,
    { oneway }: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    const handler = this.#admit(start);
    const { maxMessageBytes } = this.#limits;
    if (request.byteLength > maxMessageBytes) throw messageTooLarge(request.byteLength, maxMessageBytes);
    const stopped = new Ending();
    const served = new Promise<Reply | undefined>((resolve, reject) => {
      const lost = (reason: RpcError): void => {
        this.#calls.delete(lost);
        reject(reason);
        stopped.end(asHeardByServer(reason));
      };
      const unlisten = oneway ? undefined : start.ended.onEnd(lost);
      this.#calls.add(lost);
      const reply = (answer: Reply | undefined): void => {
        unlisten?.();
        this.#calls.delete(lost);
        resolve(answer && this.#received(answer));
      };
      atServer(() =>
        handler.call({ start: serverStart(start, this.#peers.client, stopped), request, reply }),
      );
    });
    if (!oneway) return served;
    // The caller of a oneway does not hear what becomes of it.
    served.catch(() => {});
    return undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#breakAll("the transport has been closed");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #admit(start: CallStart): ServerHandler {
    if (start.ended.reason) throw start.ended.reason;
    if (this.#isClosed) throw new RpcError("unavailable", "the transport has been closed");
    if (start.address.key !== this.defaultTarget.key) {
      throw new RpcError("unavailable", `${start.address.key}: this transport is ${this.defaultTarget.key}`, {
        retryable: true,
      });
    }
    if (!this.#handler || this.#isDraining) {
      const why = this.#handler ? "is shutting down" : "has no server";
      throw new RpcError("unavailable", `${start.address.key} ${why}`, { retryable: true });
    }
    if (this.#streams.size + this.#calls.size >= this.#maxCalls) {
      throw new RpcError("resource_exhausted", `maxCalls (${this.#maxCalls}) are open`, { retryable: true });
    }
    return this.#handler;
  }

  /** A reply as it would come over a wire. */
  #received({ outcome, header, trailer, backward }: Reply): Reply {
    const rest = { header: copied(header), trailer: copied(trailer), backward };
    if ("error" in outcome) return { ...rest, outcome: { error: asReceived(outcome.error) } };
    const { byteLength } = outcome.message;
    const { maxMessageBytes } = this.#limits;
    if (byteLength <= maxMessageBytes) return { ...rest, outcome };
    return { ...rest, outcome: { error: asReceived(messageTooLarge(byteLength, maxMessageBytes)) } };
  }

  #breakAll(why: string): void {
    const atServer = (): RpcError =>
      new RpcError("cancelled", why, { origin: { ttstream: 12013, side: "server" } });
    for (const call of [...this.#streams]) call.break(new RpcError("unavailable", why), atServer());
    for (const lost of [...this.#calls]) lost(new RpcError("unavailable", why));
  }
}

function checkOptions({ name, ...numbers }: MemoryOptions): void {
  if (name === "") throw new RpcError("invalid_argument", "name is empty; expected a name");
  for (const [option, value] of Object.entries(numbers)) {
    if (value > 0) continue;
    throw new RpcError("invalid_argument", `${option}: expected a number above 0, got ${value}`);
  }
}

/** Runs on, as a message over a wire would: later, and outside of whatever context the caller is in. */
function atServer(run: () => void | Promise<void>): void {
  queueMicrotask(() => void runWithContext(Context.background, run));
}
