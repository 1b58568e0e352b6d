import { type Context, withForwardValues } from "@slipstream/metainfo";
import type { ServerStart } from "@slipstream/stream";
import type { ServerOptions } from "./options.ts";

const none: ReadonlyMap<string, string> = new Map();

/**
 * Contexts of one method's calls, with the metainfo that came. A transport that knows the head of a call gives the same maps
 * again, and so the context is the same: like the maps, it never changes.
 */
export class ReceivedMetainfo {
  readonly #base: Context;
  #persistent: ReadonlyMap<string, string> = none;
  #transient: ReadonlyMap<string, string> = none;
  #context: Context;

  constructor(base: Context) {
    this.#base = base;
    this.#context = base;
  }

  contextOf(
    { persistent, transient }: ServerStart,
    { metainfoPropagation }: Pick<ServerOptions, "metainfoPropagation">,
  ): Context {
    if (persistent.size + transient.size === 0) return this.#base;
    if (persistent === this.#persistent && transient === this.#transient) return this.#context;
    this.#persistent = persistent;
    this.#transient = transient;
    this.#context = withForwardValues(this.#base, {
      persistent,
      // One hop means one hop: what was transient on the wire is upstream here, readable and not sent on.
      ...(metainfoPropagation === "legacy" ? { transient } : { upstream: transient }),
    });
    return this.#context;
  }
}
