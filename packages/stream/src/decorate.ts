/** What every stream that receives has, whatever its kind and side. */
interface Receiving {
  recv?(): Promise<unknown>;
  [Symbol.asyncIterator]?(): AsyncIterator<unknown>;
}

/**
 * A stream that does what `stream` does, except for what `overrides` has: for middleware that replaces a stream. With an
 * own `recv`, iteration goes through it too, and `tryRecv` finds nothing.
 *
 * @example
 * const shouting: Middleware = {
 *   call: (next) => async (info, request) => {
 *     const stream = (await next(info, request)) as BidiStreaming<Line, Line>;
 *     return decorateStream(stream, { send: ({ text }) => stream.send({ text: text.toUpperCase() }) });
 *   },
 * };
 */
export function decorateStream<S extends object>(stream: S, overrides: Partial<S>): S {
  const own = new Map<PropertyKey, unknown>(
    Reflect.ownKeys(overrides).map((key) => [key, overrides[key as keyof S]]),
  );
  const { recv } = overrides as Receiving;
  if (recv) {
    if (!own.has("tryRecv")) own.set("tryRecv", () => undefined);
    if (!own.has(Symbol.asyncIterator)) {
      own.set(Symbol.asyncIterator, () => new RecvIterator(recv, stream as Receiving));
    }
  }
  return new Proxy(stream, {
    get(target, key) {
      if (own.has(key)) return own.get(key);
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      const bound: unknown = value.bind(target);
      own.set(key, bound);
      return bound;
    },
  });
}

/** Iterates by `recv`, and leaves as the stream itself is left. */
class RecvIterator implements AsyncIterator<unknown> {
  readonly #recv: () => Promise<unknown>;
  readonly #stream: Receiving;

  constructor(recv: () => Promise<unknown>, stream: Receiving) {
    this.#recv = recv;
    this.#stream = stream;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      const value = await this.#recv();
      return value === undefined ? { done: true, value } : { done: false, value };
    } catch (thrown) {
      // A loop does not call return of an iterator that failed.
      await this.return();
      throw thrown;
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    await this.#stream[Symbol.asyncIterator]?.().return?.();
    return { done: true, value: undefined };
  }
}
