// What this package uses of a browser, declared here since its types must not need the DOM's.

/** The WebSocket of a browser, as far as it is used. */
export interface BrowserWebSocket {
  binaryType: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose:
    | ((event: { readonly code: number; readonly reason: string; readonly wasClean: boolean }) => void)
    | null;
  send(data: Uint8Array): void;
  close(code?: number): void;
}

export type Timer = ReturnType<typeof setTimeout>;

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
}

interface Platform {
  readonly WebSocket: new (url: string, protocol: string) => BrowserWebSocket;
  readonly MessageChannel: new () => { readonly port1: Port; readonly port2: Port };
}

const platform = globalThis as unknown as Platform;

export function openWebSocket(url: string, protocol: string): BrowserWebSocket {
  return new platform.WebSocket(url, protocol);
}

/** A timer that does not keep a Node process alive. */
export function setBackgroundTimer(callback: () => void, delayMs: number): Timer {
  const timer: Timer = setTimeout(callback, delayMs);
  // Browsers have numbers.
  (timer as Partial<Timer>).unref?.();
  return timer;
}

let waiting: (() => void)[] = [];
let port: Port | undefined;

/**
 * Runs `flush` in a task of its own: a timer would wait for milliseconds, and a microtask would come after each awaited
 * send.
 */
export function scheduleFlush(flush: () => void): void {
  if (!port) {
    const { port1, port2 } = new platform.MessageChannel();
    port1.onmessage = () => {
      const flushes = waiting;
      waiting = [];
      for (const run of flushes) run();
    };
    port = port2;
  }
  waiting.push(flush);
  if (waiting.length === 1) port.postMessage(undefined);
}
