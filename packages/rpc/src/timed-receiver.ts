import { type ByteStream, RpcError } from "@slipstream/stream";
import { after } from "./timer.ts";

/** Kitex's number of a receive timeout, `pkg/remote/trans/ttstream/exception.go`. */
const recvTimeoutNumber = 12014;

interface Waiter {
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (reason: unknown) => void;
  readonly stopTimer: () => void;
}

// Errors of a recv that gave up by itself, while the stream goes on.
const gaveUp = new WeakSet<RpcError>();

/** Whether only this recv failed, and not the call. */
export function isRecvAlone(thrown: unknown): boolean {
  return thrown instanceof RpcError && gaveUp.has(thrown);
}

/** The receiving half of a stream with a limit for each wait. A message that comes too late for one recv is kept for the next. */
export class TimedReceiver implements Pick<ByteStream, "recv" | "tryRecv"> {
  readonly #source: Pick<ByteStream, "recv" | "tryRecv">;
  readonly #timeoutMs: number;
  /** Cancels the call; absent when only the recv is to fail. */
  readonly #cancel: ((error: RpcError) => void) | undefined;
  readonly #waiters: Waiter[] = [];
  readonly #kept: Uint8Array[] = [];
  /** How many recv of the source are under way: at least one for each waiter, and those that were given up. */
  #asked = 0;

  constructor(
    source: Pick<ByteStream, "recv" | "tryRecv">,
    timeoutMs: number,
    cancel: ((error: RpcError) => void) | undefined,
  ) {
    this.#source = source;
    this.#timeoutMs = timeoutMs;
    this.#cancel = cancel;
  }

  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    const kept = this.#kept.shift();
    if (kept) return kept;
    if (this.#asked === this.#waiters.length) {
      const bytes = this.#source.recv();
      if (!(bytes instanceof Promise)) return bytes;
      this.#asked++;
      bytes.then(this.#arrived, this.#failed);
    }
    return new Promise((resolve, reject) => {
      const stopTimer = after(this.#timeoutMs, () => this.#giveUp(waiter));
      const waiter: Waiter = { resolve, reject, stopTimer };
      this.#waiters.push(waiter);
    });
  }

  tryRecv(): Uint8Array | undefined {
    const kept = this.#kept.shift();
    // What is asked for comes first, and is not here yet.
    return kept ?? (this.#asked > 0 ? undefined : this.#source.tryRecv());
  }

  readonly #arrived = (bytes: Uint8Array | undefined): void => {
    this.#asked--;
    const waiter = this.#waiters.shift();
    if (waiter) {
      waiter.stopTimer();
      waiter.resolve(bytes);
    } else if (bytes) {
      this.#kept.push(bytes);
    }
  };

  readonly #failed = (thrown: unknown): void => {
    this.#asked--;
    const waiter = this.#waiters.shift();
    // Without one nobody is told: the source fails the next recv as well.
    waiter?.stopTimer();
    waiter?.reject(thrown);
  };

  #giveUp(waiter: Waiter): void {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    const error = new RpcError("deadline_exceeded", `no message within recvTimeoutMs (${this.#timeoutMs})`, {
      origin: { ttstream: recvTimeoutNumber, side: "client" },
      retryable: this.#cancel === undefined,
    });
    if (!this.#cancel) gaveUp.add(error);
    waiter.reject(error);
    this.#cancel?.(error);
  }
}
