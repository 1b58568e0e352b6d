const pending = 0;
const resolved = 1;
const rejected = 2;

/**
 * A result that comes once and can be asked for at any time, by many or by nobody. The promise is made when somebody
 * asks: most streams live without it. A rejection that nobody looks at is no unhandled one.
 */
export class Latch<T> {
  #state = pending;
  #result: unknown;
  #waiting: { resolve(value: T): void; reject(error: unknown): void } | undefined;
  #promise: Promise<T> | undefined;

  get isPending(): boolean {
    return this.#state === pending;
  }

  get promise(): Promise<T> {
    if (this.#promise === undefined) {
      this.#promise = new Promise<T>((resolve, reject) => {
        if (this.#state === resolved) resolve(this.#result as T);
        // The error is the stream's, an Error.
        else if (this.#state === rejected) reject(this.#result as Error);
        else this.#waiting = { resolve, reject };
      });
      this.#promise.catch(() => {});
    }
    return this.#promise;
  }

  /** Only the first `resolve` or `reject` counts. */
  resolve(value: T): void {
    if (this.#settle(resolved, value)) this.#waiting?.resolve(value);
    this.#waiting = undefined;
  }

  reject(error: Error): void {
    if (this.#settle(rejected, error)) this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #settle(state: number, result: unknown): boolean {
    if (this.#state !== pending) return false;
    this.#state = state;
    this.#result = result;
    return true;
  }
}
