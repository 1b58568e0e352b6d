import type { Context } from "@slipstream/metainfo";
import {
  type CallError,
  type CallInfo,
  type Fields,
  HeaderBuilder,
  type HeaderInit,
  noFields,
  RpcError,
  type ServerCall,
} from "@slipstream/stream";
import { checkSize } from "../limits.ts";

/** What a handler has of any call: context, header and trailer. Streams add their messages to it. */
export class CallScope implements ServerCall {
  #info: CallInfo;
  readonly #maxMetadataBytes: number;
  /** Puts the header on the wire; absent where the reply carries it. */
  readonly #writeHeader: ((fields: Fields) => void) | undefined;
  #header: HeaderBuilder | undefined;
  #trailer: HeaderBuilder | undefined;
  #isHeaderSent = false;
  #endedWith: CallError | undefined;

  constructor(info: CallInfo, maxMetadataBytes: number, writeHeader?: (fields: Fields) => void) {
    this.#info = info;
    this.#maxMetadataBytes = maxMetadataBytes;
    this.#writeHeader = writeHeader;
  }

  get info(): CallInfo {
    return this.#info;
  }

  get context(): Context {
    return this.#info.context;
  }

  get signal(): AbortSignal {
    return this.#info.context.signal;
  }

  /** Takes on what middleware made of the call: the same, with another context. */
  adopt(info: CallInfo): void {
    this.#info = info;
  }

  setHeader(header: HeaderInit): void {
    this.#checkHeaderUnsent("setHeader");
    this.#header = this.#collect(this.#header, header, "header");
  }

  async sendHeader(header?: HeaderInit): Promise<void> {
    this.#checkHeaderUnsent("sendHeader");
    if (header) this.#header = this.#collect(this.#header, header, "header");
    this.#isHeaderSent = true;
    this.#writeHeader?.(this.header);
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
    if (this.#header) this.#writeHeader?.(this.header);
  }

  /** The call is over before its handler is: what it still wants to send fails with this. */
  endWith(error: CallError): void {
    this.#endedWith = error;
  }

  #collect(builder: HeaderBuilder | undefined, init: HeaderInit, what: string): HeaderBuilder {
    const collected = new HeaderBuilder(builder);
    collected.set(init);
    checkSize(what, this.#maxMetadataBytes, [], collected.build());
    return collected;
  }

  #checkHeaderUnsent(what: string): void {
    if (this.#endedWith) throw this.#endedWith;
    if (this.#isHeaderSent) {
      throw new RpcError("failed_precondition", `${what}: the header has been sent already`);
    }
  }
}
