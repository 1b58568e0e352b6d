import type { CallStart, Fields } from "@slipstream/stream";

/** Methods that are remembered; a client names them itself, and most have a handful. */
const MAX_METHODS = 256;

/**
 * Frames that begin calls, as bytes that only lack their ids. A call of a method mostly says the same of itself as the one
 * before, and copying costs a fifth of writing it again. What is new each time is not kept: a template is made when the
 * same comes for the second time.
 */
export class FrameTemplates {
  readonly #byMethod = new Map<string, FrameTemplate>();

  /** The template for starts like this one, to be filled by whoever finds it empty; `undefined` for the first such. */
  find(start: CallStart): FrameTemplate | undefined {
    const known = this.#byMethod.get(start.method);
    if (known?.fits(start) === true) return known;
    if (known === undefined && this.#byMethod.size >= MAX_METHODS) this.#byMethod.clear();
    this.#byMethod.set(start.method, new FrameTemplate(start));
    return undefined;
  }
}

export class FrameTemplate {
  bytes: Uint8Array | undefined;
  readonly #service: string;
  readonly #caller: string | undefined;
  readonly #callerMethod: string | undefined;
  readonly #timeoutMs: number | undefined;
  readonly #persistent: ReadonlyMap<string, string>;
  readonly #transient: ReadonlyMap<string, string>;
  readonly #metadata: Fields;
  /** Names and values in turn, copied when they come again: nobody who changes a map later changes what this stands for. */
  #values: readonly unknown[] | undefined;

  constructor(start: CallStart) {
    this.#service = start.service;
    this.#caller = start.caller;
    this.#callerMethod = start.callerMethod;
    this.#timeoutMs = start.timeoutMs;
    this.#persistent = start.persistent;
    this.#transient = start.transient;
    this.#metadata = start.metadata;
  }

  /** Whether a frame for `start` is made of the same. */
  fits(start: CallStart): boolean {
    if (
      this.#service !== start.service ||
      this.#caller !== start.caller ||
      this.#callerMethod !== start.callerMethod ||
      this.#timeoutMs !== start.timeoutMs ||
      this.#persistent.size !== start.persistent.size ||
      this.#transient.size !== start.transient.size ||
      this.#metadata.length !== start.metadata.length
    ) {
      return false;
    }
    if (this.#values === undefined) {
      if (!hasAll(this.#persistent, start.persistent) || !hasAll(this.#transient, start.transient))
        return false;
      this.#values = [...this.#persistent, ...this.#transient, ...this.#metadata].flat();
    }
    return areValuesOf(this.#values, start);
  }
}

function hasAll(map: ReadonlyMap<string, string>, values: ReadonlyMap<string, string>): boolean {
  for (const [key, value] of values) if (map.get(key) !== value) return false;
  return true;
}

function areValuesOf(values: readonly unknown[], { persistent, transient, metadata }: CallStart): boolean {
  let at = 0;
  for (const [key, value] of persistent) if (values[at++] !== key || values[at++] !== value) return false;
  for (const [key, value] of transient) if (values[at++] !== key || values[at++] !== value) return false;
  for (const [name, value] of metadata) {
    // Bytes are never the same: their owner may have changed them.
    if (typeof value !== "string" || values[at++] !== name || values[at++] !== value) return false;
  }
  return true;
}
