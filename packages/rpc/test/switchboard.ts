import {
  type Address,
  type CallStart,
  type ClientByteStream,
  type ClientTransport,
  type OpenOptions,
  type Reply,
  RpcError,
} from "@slipstream/stream";
import type { MemoryTransport } from "@slipstream/transport-memory";

export interface SwitchboardOptions {
  readonly schemes?: readonly Address["scheme"][];
  /** What it puts into the starts of all calls. */
  readonly changes?: Partial<CallStart>;
}

/** A client's transport that connects to several memory transports, by their addresses, and writes down what it was told. */
export class Switchboard implements ClientTransport {
  readonly name = "switchboard";
  readonly schemes: readonly Address["scheme"][];
  readonly defaultTarget?: Address;
  readonly attempts: { readonly key: string; readonly start: CallStart; readonly options: OpenOptions }[] =
    [];
  readonly #lines = new Map<string, MemoryTransport>();
  readonly #changes: Partial<CallStart>;

  constructor(transports: readonly MemoryTransport[] = [], options: SwitchboardOptions = {}) {
    this.schemes = options.schemes ?? ["memory"];
    this.#changes = options.changes ?? {};
    for (const transport of transports) this.#lines.set(transport.defaultTarget.key, transport);
  }

  /** How many attempts each address had, in the order of the first. */
  get tried(): readonly string[] {
    return this.attempts.map(({ key }) => key.replace("memory:", ""));
  }

  async open(start: CallStart, options: OpenOptions): Promise<ClientByteStream> {
    return this.#line(start, options).open({ ...start, ...this.#changes }, options);
  }

  async call(
    start: CallStart,
    request: Uint8Array,
    options: OpenOptions & { readonly oneway: boolean },
  ): Promise<Reply | undefined> {
    const line = this.#line(start, options);
    return line.call?.({ ...start, ...this.#changes }, request, options);
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #line(start: CallStart, options: OpenOptions): ClientTransport {
    const { key } = start.address;
    this.attempts.push({ key, start, options });
    const line = this.#lines.get(key);
    if (!line) throw new RpcError("unavailable", `${key}: nobody there`, { retryable: true });
    return line;
  }
}
