/** What is pushed comes out of `for await`: the requests of an API that pulls them. The cases bound what is in flight. */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  #messages: T[] = [];
  #next = 0;
  #isEnded = false;
  #waiting: ((result: IteratorResult<T>) => void) | undefined;

  push(message: T): void {
    if (this.#waiting) this.#answer({ value: message, done: false });
    else this.#messages.push(message);
  }

  end(): void {
    this.#isEnded = true;
    this.#answer({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#next < this.#messages.length) {
      const value = this.#messages[this.#next++] as T;
      if (this.#next === this.#messages.length) {
        this.#messages = [];
        this.#next = 0;
      }
      return Promise.resolve({ value, done: false });
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  throw(error: unknown): Promise<IteratorResult<T>> {
    this.end();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #answer(result: IteratorResult<T>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(result);
  }
}
