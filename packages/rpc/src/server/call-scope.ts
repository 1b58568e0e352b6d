import type { Context } from "@slipstream/metainfo";
import {
  type CallInfo,
  type Fields,
  HeaderBuilder,
  type HeaderInit,
  noFields,
  RpcError,
  type ServerCall,
} from "@slipstream/stream";
import { MetadataBudget } from "../limits.ts";

/** What a handler has of any call: context, header and trailer. Streams add their messages to it. */
export class CallScope implements ServerCall {
  /** Replaced when middleware passes another context on. */
  info: CallInfo;
  readonly #maxMetadataBytes: number;
  #header: HeaderBuilder | undefined;
  #trailer: HeaderBuilder | undefined;
  #isHeaderSent = false;

  constructor(info: CallInfo, maxMetadataBytes: number) {
    this.info = info;
    this.#maxMetadataBytes = maxMetadataBytes;
  }

  get context(): Context {
    return this.info.context;
  }

  get signal(): AbortSignal {
    return this.info.context.signal;
  }

  setHeader(header: HeaderInit): void {
    this.#checkHeaderUnsent("setHeader");
    this.#header = this.#collect(this.#header, header, "header");
  }

  async sendHeader(header?: HeaderInit): Promise<void> {
    this.#checkHeaderUnsent("sendHeader");
    if (header) this.#header = this.#collect(this.#header, header, "header");
    this.#isHeaderSent = true;
    this.writeHeader(this.header);
  }

  setTrailer(trailer: HeaderInit): void {
    this.#trailer = this.#collect(this.#trailer, trailer, "trailer");
  }

  get header(): Fields {
    return this.#header?.build() ?? noFields;
  }

  get trailer(): Fields {
    return this.#trailer?.build() ?? noFields;
  }

  /** Sends what was set and not sent; called before the first message and at the end. */
  flushHeader(): void {
    if (this.#isHeaderSent) return;
    this.#isHeaderSent = true;
    if (this.#header) this.writeHeader(this.header);
  }

  /** Nothing to do for a ping-pong call: its reply carries the header. */
  protected writeHeader(_: Fields): void {}

  #collect(builder: HeaderBuilder | undefined, init: HeaderInit, what: string): HeaderBuilder {
    const collected = new HeaderBuilder(builder);
    collected.set(init);
    new MetadataBudget().fields(collected.build()).check(what, this.#maxMetadataBytes);
    return collected;
  }

  #checkHeaderUnsent(what: string): void {
    if (this.#isHeaderSent) {
      throw new RpcError("failed_precondition", `${what}: the header has been sent already`);
    }
  }
}
