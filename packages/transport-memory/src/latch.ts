import type { CallError } from "@slipstream/stream";

/** A promise that can be asked for many times, and whose failure nobody has to look at. */
export class Latch<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T) => void;
  reject!: (error: CallError) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }
}
