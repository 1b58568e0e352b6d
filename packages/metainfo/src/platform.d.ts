// What every platform we run on has, beside the language itself: browsers, Node, Deno, Bun, workers. Only the build sees
// this file (tests are compiled with Node's types); `AbortSignal` in our declarations is the user's own.

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: { handleEvent(): void }): void;
  removeEventListener(type: "abort", listener: { handleEvent(): void }): void;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare const performance: { now(): number };
declare function setTimeout<T>(callback: (argument: T) => void, delayMs: number, argument: T): object;
declare function clearTimeout(timer: object): void;
declare function queueMicrotask(callback: () => void): void;
declare function atob(base64: string): string;
declare function btoa(latin1: string): string;

declare class TextDecoder {
  constructor(label: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}

declare module "node:async_hooks" {
  export class AsyncLocalStorage<T> {
    run<R, A extends readonly unknown[]>(store: T, fn: (...args: A) => R, ...args: A): R;
    getStore(): T | undefined;
  }
}
